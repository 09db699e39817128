import Jobs
import ProjectStore
import TerminalUI

/// What the form for a new run begins with, from the project's `assay.toml`.
struct NewRunDefaults: Equatable, Sendable {
  var model = ProjectSettings().modelName
  var settings = TrainingSettings()
}

/// The form for a new run: what people change first; the rest is as the project's settings say.
struct NewRunForm: Sendable {
  enum Outcome: Sendable {
    case editing
    case submitted(RunRequest)
    case cancelled
  }

  private(set) var form: Form
  /// While the worker is being started, the answers stay as they are.
  private(set) var isStarting = false
  /// Why the run could not be started, until something is changed.
  private(set) var failure: String?
  private let settings: TrainingSettings

  /// The training settings that are asked for, in order.
  static let settingNames = [
    "learning_rate", "epochs", "max_steps", "lora_r", "lora_alpha", "batch_size", "eval_every", "seed",
  ]
  private static let categories = ["all", "factual", "conceptual"]

  init(_ defaults: NewRunDefaults) {
    settings = defaults.settings
    var fields = [
      FormField(
        name: "name", label: "Name", kind: .text(isRequired: false),
        help: "What the screens call the run; empty: made from the pairs and the model."),
      FormField(
        name: "model", label: "Model", kind: .text(isRequired: true), value: defaults.model,
        help: "A known model, a folder or a GGUF file."),
      FormField(
        name: "category", label: "Category", kind: .choice(Self.categories), value: "all",
        help: "Which question–answer pairs to train on."),
      FormField(
        name: "where", label: "Only pairs where", kind: .text(isRequired: false),
        help: "More conditions: source=manual, question~cooling"),
      FormField(
        name: "limit", label: "Pairs at most", kind: .text(isRequired: false),
        help: "Train on so many pairs; empty: on all of them."),
    ]
    // The settings check their own values, so every one is a text here.
    fields += Self.settingNames.compactMap { try? TrainingSettings.field($0) }.map { field in
      FormField(
        name: field.name, label: field.title, kind: .text(isRequired: true),
        value: field.value(in: defaults.settings).description, help: field.help)
    }
    form = Form(title: "New run", submitTitle: "start", fields: fields)
  }

  mutating func paste(_ text: String) {
    guard !isStarting else { return }
    failure = nil
    form.paste(text)
    form.externalProblems = problems
  }

  mutating func handle(_ key: Key) -> Outcome {
    if isStarting { return key == .escape ? .cancelled : .editing }
    if key != .enter { failure = nil }
    form.externalProblems = problems
    return take(form.handle(key))
  }

  mutating func handle(click point: Point, in area: Rectangle) -> Outcome {
    guard !isStarting else { return .editing }
    form.externalProblems = problems
    return take(form.handle(click: point, in: area))
  }

  private mutating func take(_ outcome: Form.Outcome) -> Outcome {
    form.externalProblems = problems
    switch outcome {
    case .editing: return .editing
    case .cancelled: return .cancelled
    case .submitted:
      guard let request else { return .editing }
      isStarting = true
      failure = nil
      return .submitted(request)
    }
  }

  /// The run could not be started: the answers are kept for another try.
  mutating func failed(because reason: String) {
    isStarting = false
    failure = reason
  }

  // MARK: Answers

  private var filter: [String] {
    let category = form.value("category")
    let terms = form.value("where")
    return (category == "all" ? [] : ["category=\(category)"]) + (terms.isEmpty ? [] : [terms])
  }

  /// What is wrong with the answers, by field.
  private var problems: [String: String] {
    var problems: [String: String] = [:]
    let terms = form.value("where")
    if !terms.isEmpty {
      do { _ = try PairFilter(parsing: terms) } catch { problems["where"] = "\(error)" }
    }
    let limit = form.value("limit")
    if !limit.isEmpty, Int(limit).map({ $0 < 1 }) ?? true {
      problems["limit"] = "Pairs at most must be a whole number from 1"
    }
    var trial = settings
    for name in Self.settingNames {
      let text = form.value(name)
      guard !text.isEmpty, let field = try? TrainingSettings.field(name) else { continue }
      do throws(SettingError) {
        try field.set(text: text, in: &trial)
      } catch {
        if case .badValue(_, _, let allowed) = error {
          problems[name] = "\(field.title) must be \(allowed)"
        }
      }
    }
    return problems
  }

  private var request: RunRequest? {
    guard problems.isEmpty else { return nil }
    var settings = settings
    for name in Self.settingNames {
      guard (try? TrainingSettings.field(name).set(text: form.value(name), in: &settings)) != nil else {
        return nil
      }
    }
    let name = form.value("name")
    return RunRequest(
      name: name.isEmpty ? nil : name, model: form.value("model"), filter: filter,
      limit: Int(form.value("limit")), settings: settings)
  }

  // MARK: Drawing

  func draw(in grid: inout CellGrid, _ area: Rectangle) {
    form.draw(in: &grid, area)
    let box = area.centred(form.idealSize)
    // The row of the form that tells problems and explains.
    let row = box.insideBox.inset(left: 1, right: 1).row(box.height - 4)
    if isStarting {
      grid.fill(row)
      grid.put(StyledText("Starting: reading the model and the pairs …", .accent), in: row)
    } else if let failure {
      let lines = min(2, DisplayText.wrapped(failure, to: row.width).count)
      let place = Rectangle(x: row.x, y: row.y - lines + 1, width: row.width, height: lines)
      grid.fill(place)
      grid.putWrapped(failure, in: place, Style(.bad))
    }
  }
}
