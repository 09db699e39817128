/// What a colour is for. A theme says which colour that is.
public enum Role: String, CaseIterable, Sendable {
  case text, dim, border, title, accent, selection
  case good, warning, bad
  case factual, conceptual
  case chartAxis = "chart-axis"
  case chartGrid = "chart-grid"
  case cursor
  case key
  case series1 = "series-1"
  case series2 = "series-2"
  case series3 = "series-3"
  case series4 = "series-4"
  case series5 = "series-5"
  case series6 = "series-6"
  case series7 = "series-7"
  case series8 = "series-8"

  /// The role of the n-th thing that needs a colour of its own, from 0; after eight they repeat.
  public static func series(_ index: Int) -> Role {
    let all: [Role] = [.series1, .series2, .series3, .series4, .series5, .series6, .series7, .series8]
    return all[((index % all.count) + all.count) % all.count]
  }
}

/// A colour as a theme or a drawing names it.
public enum Colour: Hashable, Sendable {
  /// The terminal's own foreground or background.
  case terminal
  /// One of the sixteen that the user's terminal defines: 0…7, and 8…15 bright.
  case ansi(UInt8)
  /// An entry of xterm's 256: the cube and the greys are the same everywhere.
  case indexed(UInt8)
  case rgb(red: UInt8, green: UInt8, blue: UInt8)
}

public struct TextAttributes: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let bold = TextAttributes(rawValue: 1)
  public static let dim = TextAttributes(rawValue: 2)
  public static let reverse = TextAttributes(rawValue: 4)
  public static let underline = TextAttributes(rawValue: 8)
}

/// How a cell looks: what its colours are for, and what it has beside colour.
public struct Style: Hashable, Sendable {
  /// A colour by its purpose, or itself.
  public enum Paint: Hashable, Sendable {
    case role(Role)
    case colour(Colour)
  }

  public var foreground: Paint
  /// `nil` leaves the background that the cell has.
  public var background: Paint?
  public var attributes: TextAttributes

  public init(_ role: Role = .text, background: Paint? = nil, _ attributes: TextAttributes = []) {
    self.init(foreground: .role(role), background: background, attributes)
  }

  public init(foreground: Paint, background: Paint? = nil, _ attributes: TextAttributes = []) {
    self.foreground = foreground
    self.background = background
    self.attributes = attributes
  }

  public static let text = Style(.text)
  public static let dim = Style(.dim)
  public static let bold = Style(.text, .bold)

  public init(_ role: Role, _ attributes: TextAttributes) {
    self.init(foreground: .role(role), attributes)
  }

  public func with(_ more: TextAttributes) -> Style {
    var copy = self
    copy.attributes.formUnion(more)
    return copy
  }

  public func on(_ role: Role) -> Style {
    var copy = self
    copy.background = .role(role)
    return copy
  }
}
