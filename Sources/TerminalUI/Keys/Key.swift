/// What a user can press.
public enum Key: Hashable, Sendable {
  case character(Character)
  /// Control with a letter, in lower case.
  case control(Character)
  case up, down, left, right
  case home, end, pageUp, pageDown
  case enter, escape, tab, backTab
  case backspace, delete, insert
  case function(Int)
}

extension Key: CustomStringConvertible {
  private static let names: [(Key, String)] = [
    (.character(" "), "space"), (.up, "up"), (.down, "down"), (.left, "left"), (.right, "right"),
    (.home, "home"),
    (.end, "end"), (.pageUp, "pgup"), (.pageDown, "pgdn"), (.enter, "enter"), (.escape, "esc"), (.tab, "tab"),
    (.backTab, "shift-tab"), (.backspace, "backspace"), (.delete, "del"), (.insert, "ins"),
  ]

  /// As settings and help write it: `space`, `pgup`, `^u`, `F5`, `G`.
  public var description: String {
    switch self {
    case .character(let character) where character != " ": return String(character)
    case .control(let character): return "^\(character)"
    case .function(let number): return "F\(number)"
    default: return Key.names.first { $0.0 == self }?.1 ?? ""
    }
  }

  /// The key of such a name; `ctrl-u` is taken for `^u` too, and `f5` for `F5`.
  public init?(_ name: String) {
    if let known = Key.names.first(where: { $0.1 == name.lowercased() }) {
      self = known.0
    } else if name.count == 1, let character = name.first, !character.isWhitespace {
      self = .character(character)
    } else if name.first?.lowercased() == "f", let number = Int(name.dropFirst()), (1...63).contains(number) {
      self = .function(number)
    } else if let letter = Key.controlLetter(name) {
      self = .control(letter)
    } else {
      return nil
    }
  }

  /// Why terminals never tell of the key; `nil` if they do.
  public var problem: String? {
    switch self {
    case .control("c"), .control("z"): "the terminal keeps \(self) for itself"
    case .control("i"): "terminals send \(self) as tab"
    case .control("m"): "terminals send \(self) as enter"
    case .control("h"): "terminals send \(self) as backspace"
    default: nil
    }
  }

  private static func controlLetter(_ name: String) -> Character? {
    let lower = name.lowercased()
    let rest = lower.hasPrefix("ctrl-") ? lower.dropFirst(5) : lower.hasPrefix("^") ? lower.dropFirst() : ""
    guard rest.count == 1, let letter = rest.first, letter.isASCII, letter.isLetter else { return nil }
    return letter
  }
}
