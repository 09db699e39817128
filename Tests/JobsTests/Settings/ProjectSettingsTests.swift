import FineTuning
import Foundation
import Testing

@testable import Jobs

@Suite struct ProjectSettingsTests {
  func read(_ toml: String) throws -> ProjectSettings { try ProjectSettings(toml: toml, file: "assay.toml") }

  func refusal(_ toml: String) -> SettingsFileError? {
    do {
      _ = try read(toml)
      return nil
    } catch {
      return error as? SettingsFileError
    }
  }

  @Test func anEmptyFileMeansTheDefaults() throws {
    let settings = try read("")
    #expect(settings == ProjectSettings())
    #expect(settings.training.loraR == 16 && settings.training.learningRate == 2e-4)
    let missing = URL(fileURLWithPath: "/nowhere/assay.toml")
    #expect(try ProjectSettings(file: missing) == settings)
  }

  @Test func everySectionIsRead() throws {
    let settings = try read(
      """
      [project]
      name = "data-center"
      [model]
      name = "models/tiny.gguf"
      [training]
      lora_r = 8
      lora_alpha = 16          # an integer for a number
      target_modules = ["q_proj", "v_proj"]
      learning_rate = 1e-3
      schedule = "linear"
      use_rslora = true
      precision = "f32"
      [workbench]
      theme = "light"
      smoothing = 0
      """)
    #expect(settings.name == "data-center" && settings.modelName == "models/tiny.gguf")
    #expect(settings.theme == "light" && settings.smoothing == 0)
    let training = settings.training
    #expect(training.loraR == 8 && training.loraAlpha == 16 && training.useRSLoRA)
    #expect(training.targetModules == [.q, .v] && training.learningRate == 1e-3)
    #expect(training.schedule == .linear && training.precision == .f32)
    #expect(training.batchSize == TrainingSettings().batchSize)
  }

  @Test func anUnknownOptionIsNamedWithItsLineAndTheNearest() {
    let error = refusal("# mine\n[training]\nlora_r = 8\n\nlearning_rat = 1\n")
    #expect(
      error
        == .unknownOption(
          file: "assay.toml", line: 5, option: "training.learning_rat", nearest: "training.learning_rate"))
    #expect(
      error?.description
        == "assay.toml:5: unknown option “training.learning_rat”; did you mean “training.learning_rate”?")
    // In the wrong section.
    #expect(
      refusal("[model]\nlora_alpha = 8")
        == .unknownOption(
          file: "assay.toml", line: 2, option: "model.lora_alpha", nearest: "training.lora_alpha"))
    #expect(
      refusal("[training]\nxyzzy = 8")
        == .unknownOption(file: "assay.toml", line: 2, option: "training.xyzzy", nearest: nil))
  }

  @Test func anUnknownSectionIsNamed() {
    #expect(
      refusal("[project]\nname=\"a\"\n[trainning]\nseed = 1")
        == .unknownSection(file: "assay.toml", line: 3, section: "trainning", nearest: "training"))
    #expect(
      refusal("seed = 1")
        == .unknownSection(file: "assay.toml", line: 1, section: "seed", nearest: "training.seed"))
    #expect(
      refusal("model = \"x\"")
        == .badValue(
          file: "assay.toml", line: 1, option: "model", value: "x", allowed: "a section [model]"))
  }

  @Test(arguments: [
    ("lora_r = 0", "0", "a whole number from 1 to 1024"),
    ("lora_r = 8.5", "8.5", "a whole number from 1 to 1024"),
    ("learning_rate = 0", "0", "a number above 0 and up to 1"),
    ("learning_rate = nan", "nan", "a number above 0 and up to 1"),
    ("learning_rate = \"1e-3\"", "1e-3", "a number above 0 and up to 1"),
    ("epochs = inf", "inf", "a number above 0 and up to 10000"),
    ("schedule = \"cosin\"", "cosin", "one of cosine, linear, constant"),
    ("use_rslora = 1", "1", "true or false"),
    (
      "target_modules = []", "",
      "one or more of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj"
    ),
    (
      "target_modules = [\"q_proj\", \"qv\"]", "q_proj,qv",
      "one or more of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj"
    ),
    ("seed = -1", "-1", "a whole number from 0"),
    ("threads = { a = 1 }", "{ a = 1 }", "a whole number from 0 to 1024"),
  ])
  func aBadValueIsNamedWithWhatIsAllowed(line: String, value: String, allowed: String) {
    let option = "training." + line.prefix { $0 != " " }
    #expect(
      refusal("[training]\n\(line)\n")
        == .badValue(file: "assay.toml", line: 2, option: option, value: value, allowed: allowed))
  }

  @Test func theFirstMistakeOfTheFileIsReportedFirst() {
    #expect(refusal("[workbench]\ntheem = 1\nsmoothing = 7\n[training]\nlora_r = 0")?.line == 2)
    #expect(refusal("[workbench]\nsmoothing = 7\ntheem = 1\n[training]\nlora_r = 0")?.line == 2)
  }

  @Test func theLineOfASyntaxErrorIsNamed() {
    guard case .syntax("assay.toml", 3, _, let reason) = refusal("[training]\nseed = 1\nlora_r = = 8\n")
    else {
      Issue.record("no syntax error")
      return
    }
    #expect(!reason.isEmpty)
    #expect(refusal("[training]\nseed = 1\nseed = 2\n") != nil)
  }

  @Test func linesAreFoundInAllSpellings() {
    #expect(refusal("training.seed = -1")?.line == 1)
    #expect(
      refusal("[project]\nname = \"\"\"\nseed = 3\n[training]\n\"\"\"\n[ training ]\n\"seed\"=-1")?.line == 7)
    // Where the line cannot be told, its section's is.
    #expect(refusal("\ntraining = { seed = -1 }")?.line == 2)
  }

  @Test func hostileFilesAreRefused() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
      "assay-\(UUID().uuidString).toml")
    defer { try? FileManager.default.removeItem(at: file) }
    for data in [Data([0x66, 0xFF, 0xFE]), Data(repeating: 0x23, count: 2 << 20)] {
      try data.write(to: file)
      #expect(throws: SettingsFileError.self) { try ProjectSettings(file: file) }
    }
    try Data(("a = " + String(repeating: "[", count: 100_000)).utf8).write(to: file)
    #expect(throws: SettingsFileError.self) { try ProjectSettings(file: file) }
    #expect(throws: SettingsFileError.self) { try ProjectSettings(file: file.deletingLastPathComponent()) }
  }
}

extension SettingsFileError {
  fileprivate var line: Int? {
    switch self {
    case .unreadable: nil
    case .syntax(_, let line, _, _): line
    case .unknownSection(_, let line, _, _), .unknownOption(_, let line, _, _): line
    case .badValue(_, let line, _, _, _), .usersOnly(_, let line, _): line
    }
  }
}

@Suite struct TrainingSettingsTests {
  @Test func everyFieldTakesBackItsOwnText() throws {
    let defaults = TrainingSettings()
    for field in TrainingSettings.fields {
      var settings = defaults
      try field.set(text: field.value(in: defaults).description, in: &settings)
      #expect(settings == defaults, "\(field.name)")
      try field.set(field.value(in: defaults), in: &settings)
      #expect(settings == defaults, "\(field.name)")
      #expect(!field.title.isEmpty && field.help.hasSuffix("."))
    }
    #expect(Set(TrainingSettings.fields.map(\.name)).count == TrainingSettings.fields.count)
  }

  @Test func textIsReadAsItIsTyped() throws {
    var settings = TrainingSettings()
    func set(_ name: String, _ text: String) throws {
      try TrainingSettings.field(name).set(text: text, in: &settings)
    }
    try set("learning_rate", " 5e-5 ")
    try set("target_modules", "q_proj, o_proj")
    try set("schedule", "constant")
    try set("epochs", "2")
    #expect(settings.learningRate == 5e-5 && settings.targetModules == [.q, .o])
    #expect(settings.schedule == .constant && settings.epochs == 2)
    let before = settings
    let expected = SettingError.badValue(
      field: "learning_rate", value: "fast", allowed: "a number above 0 and up to 1")
    #expect(throws: expected) { try set("learning_rate", "fast") }
    #expect(throws: SettingError.unknownField(field: "lora_rr", nearest: "lora_r")) {
      try set("lora_rr", "1")
    }
    #expect(settings == before)
    #expect(try TrainingSettings.field("learning_rate").flag == "--learning-rate")
  }

  @Test func valuesAreWrittenAsPeopleDo() {
    #expect(SettingValue.number(2e-4).description == "0.0002")
    #expect(SettingValue.number(2e-5).description == "2e-05")
    #expect(SettingValue.number(3).description == "3")
    #expect(SettingValue.number(0.05).description == "0.05")
  }

  @Test func theRecipeFollowsTheSettings() {
    var settings = TrainingSettings()
    settings.precision = .f32
    settings.threads = 3
    settings.seed = 7
    var recipe = settings.recipe(rows: 60)
    #expect(recipe.totalSteps == 24)  // 8 steps for 60 rows in eights, three times
    #expect(recipe.precision == .f32 && recipe.threads == 3 && recipe.seed == 7)
    #expect(recipe.lora.rank == 16 && recipe.lora.dropout == 0.05)
    settings.maxSteps = 40
    settings.precision = .auto
    settings.threads = 0
    recipe = settings.recipe(rows: 60)
    #expect(recipe.totalSteps == 40 && recipe.precision == .preferred && recipe.threads >= 1)
  }

  @Test("what is no settings text is not read, nor read in part")
  func hostileFiles() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("assay-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("assay.toml")
    #expect(mkfifo(file.path, 0o600) == 0)
    #expect(throws: SettingsFileError.unreadable(file: file.path, reason: "it is not a regular file")) {
      try ProjectSettings(file: file)
    }
    try FileManager.default.removeItem(at: file)
    try Data("[training]\n\0\nlora_r = 4".utf8).write(to: file)
    #expect(throws: SettingsFileError.unreadable(file: file.path, reason: "it holds a NUL byte")) {
      try ProjectSettings(file: file)
    }
  }
}
