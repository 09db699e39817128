// swift-tools-version: 6.1
import PackageDescription

// An arrow between targets may only point down; README.md has the table of floors.
let package = Package(
  name: "assay",
  products: [.executable(name: "assay", targets: ["assay"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    // Floor 6: the command line, one file per subcommand.
    .executableTarget(
      name: "assay",
      dependencies: [
        "Workbench", "Jobs", "TerminalUI", "ProjectStore", "FineTuning", "LanguageModels",
        "ModelFiles", "Compute", "TrainingLogs", "QAData",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // Floor 5: the ncurses application.
    .target(
      name: "Workbench",
      dependencies: [
        "TerminalUI", "Jobs", "ProjectStore", "TrainingLogs", "ModelFiles", "TextPatterns",
        .product(name: "TOMLKit", package: "TOMLKit"),
      ]),

    // Floor 4: long tasks, and the terminal.
    .target(
      name: "Jobs",
      dependencies: [
        "ProjectStore", "FineTuning", "QAData", "LanguageModels", "ModelFiles", "Compute", "TrainingLogs",
        "CEmbeddedFiles", "CProcess", "CZlib", "CCrypto",
        .product(name: "TOMLKit", package: "TOMLKit"),
      ]),
    .target(
      name: "TerminalUI",
      dependencies: ["CNcurses", "CEmbeddedFiles", .product(name: "TOMLKit", package: "TOMLKit")]),

    // Floor 3: the SQLite project file.
    .target(
      name: "ProjectStore", dependencies: ["TextPatterns", .product(name: "GRDB", package: "GRDB.swift")]),

    // Floor 2: training, and the logs of other tools' training.
    .target(name: "FineTuning", dependencies: ["LanguageModels", "ModelFiles", "Compute"]),
    .target(name: "QAData", dependencies: ["CHTML"]),
    .target(name: "TrainingLogs"),

    // Floor 1: models, tokenizers and their files.
    .target(name: "LanguageModels", dependencies: ["Compute", "ModelFiles"]),
    .target(name: "ModelFiles", dependencies: ["TextPatterns", "CKernels", "CFileSystem"]),

    // Floor 0: arithmetic, patterns, and the C libraries.
    .target(name: "TextPatterns"),
    .target(name: "Compute", dependencies: ["CKernels"]),
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3", "-fno-math-errno"])]),
    .systemLibrary(name: "CFileSystem"),
    .target(name: "CNcurses", linkerSettings: [.linkedLibrary("ncursesw")]),
    .target(name: "CEmbeddedFiles"),
    .target(name: "CProcess"),
    .target(name: "CHTML", dependencies: ["CXML"]),
    .systemLibrary(name: "CXML", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev"])]),

    .testTarget(name: "TextPatternsTests", dependencies: ["TextPatterns"]),
    .testTarget(name: "ComputeTests", dependencies: ["Compute", "CKernels"]),
    .testTarget(
      name: "ModelFilesTests", dependencies: ["ModelFiles"], resources: [.copy("Fixtures")]),
    .testTarget(
      name: "LanguageModelsTests", dependencies: ["LanguageModels", "ModelFiles", "Compute"],
      resources: [.copy("Fixtures")]),
    .testTarget(
      name: "FineTuningTests", dependencies: ["FineTuning", "LanguageModels", "ModelFiles", "Compute"]),
    .testTarget(name: "QADataTests", dependencies: ["QAData"]),
    .testTarget(name: "TrainingLogsTests", dependencies: ["TrainingLogs"]),
    .testTarget(name: "ProjectStoreTests", dependencies: ["ProjectStore"]),
    .testTarget(
      name: "TerminalUITests", dependencies: ["TerminalUI"], resources: [.copy("Goldens")]),
    .testTarget(
      name: "WorkbenchTests", dependencies: ["Workbench", "TrainingLogs", "Jobs", "assay"],
      resources: [.copy("Goldens")]),
    .testTarget(
      name: "JobsTests", dependencies: ["Jobs", "assay", "ProjectStore", "ModelFiles", "TrainingLogs"]),
  ],
  swiftLanguageModes: [.v6]
)
