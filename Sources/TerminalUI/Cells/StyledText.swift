/// A line of text in runs of one style each.
public struct StyledText: Hashable, Sendable, ExpressibleByStringInterpolation {
  public struct Run: Hashable, Sendable {
    public var text: String
    public var style: Style

    public init(_ text: String, _ style: Style) {
      self.text = text
      self.style = style
    }
  }

  public var runs: [Run]

  public init(_ runs: [Run] = []) { self.runs = runs }
  public init(_ text: String, _ style: Style = .text) { runs = text.isEmpty ? [] : [Run(text, style)] }
  public init(_ text: String, _ role: Role, _ attributes: TextAttributes = []) {
    self.init(text, Style(role, attributes))
  }
  public init(stringLiteral value: String) { self.init(value) }

  /// Columns that the text takes.
  public var width: Int { runs.reduce(0) { $0 + DisplayText.width($1.text) } }
  public var plain: String { runs.map(\.text).joined() }
  public var isEmpty: Bool { runs.allSatisfy { $0.text.isEmpty } }

  /// The text with one style exchanged for another.
  func inPlace(of old: Style, _ new: Style) -> StyledText {
    StyledText(runs.map { Run($0.text, $0.style == old ? new : $0.style) })
  }

  public static func + (left: StyledText, right: StyledText) -> StyledText {
    StyledText(left.runs + right.runs)
  }

  public static func += (left: inout StyledText, right: StyledText) {
    left.runs += right.runs
  }
}
