// swift-tools-version: 6.1
import PackageDescription

// An arrow between targets may only point down; README.md has the table of floors.
let package = Package(
  name: "assay",
  targets: [
    // Floor 0: arithmetic, and the C libraries.
    .target(name: "Compute", dependencies: ["CKernels"]),
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3", "-fno-math-errno"])]),

    .testTarget(name: "ComputeTests", dependencies: ["Compute", "CKernels"]),
  ],
  swiftLanguageModes: [.v6]
)
