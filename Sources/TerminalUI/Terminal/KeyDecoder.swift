import CNcurses

/// Turns what ncurses reads into events: characters of several scalars are joined, pasted text and reports of the mouse
/// are gathered.
struct KeyDecoder {
  private var paste: String.UnicodeScalarView?
  private var mouseReport: String?

  mutating func events(isKey: Bool, _ value: UInt32) -> [Terminal.Event] {
    if isKey, value == CN_PASTE_BEGINS.rawValue {
      paste = String.UnicodeScalarView()
      return []
    }
    if isKey, value == CN_PASTE_ENDS.rawValue {
      defer { paste = nil }
      return paste.map { [.paste(String($0))] } ?? []
    }
    if paste != nil {
      // A paste larger than any field or query is cut, not kept.
      if !isKey, let scalar = Unicode.Scalar(value), paste.map({ $0.count < 1 << 20 }) == true {
        paste?.append(scalar == "\r" ? "\n" : scalar)
      }
      return []
    }
    if isKey, value == CN_MOUSE_BEGINS.rawValue {
      mouseReport = ""
      return []
    }
    if let report = mouseReport, !isKey, let scalar = Unicode.Scalar(value), report.utf8.count < 32 {
      switch scalar {
      case "0"..."9", ";":
        mouseReport = report + String(scalar)
        return []
      case "M", "m":
        mouseReport = nil
        return MouseEvent(report: report + String(scalar)).map { [.mouse($0)] } ?? []
      default: break
      }
    }
    mouseReport = nil
    return (isKey ? Self.key(code: value) : Self.key(scalar: value)).map { [.key($0)] } ?? []
  }

  static func key(scalar value: UInt32) -> Key? {
    switch value {
    case 0x0D: return .enter
    case 0x0A: return .control("j")
    case 0x09: return .tab
    case 0x1B: return .escape
    case 0x7F, 0x08: return .backspace
    case 0x01...0x1A:
      return Unicode.Scalar(value + 0x60).map { .control(Character($0)) }
    case 0..<0x20, 0x80..<0xA0:
      return nil
    default:
      return Unicode.Scalar(value).map { .character(Character($0)) }
    }
  }

  static func key(code: UInt32) -> Key? {
    if code > CN_FUNCTION.rawValue { return .function(Int(code - CN_FUNCTION.rawValue)) }
    switch cn_key(code) {
    case CN_UP: return .up
    case CN_DOWN: return .down
    case CN_LEFT: return .left
    case CN_RIGHT: return .right
    case CN_HOME: return .home
    case CN_END: return .end
    case CN_PAGE_UP: return .pageUp
    case CN_PAGE_DOWN: return .pageDown
    case CN_ENTER: return .enter
    case CN_BACKSPACE: return .backspace
    case CN_DELETE: return .delete
    case CN_INSERT: return .insert
    case CN_BACK_TAB: return .backTab
    default: return nil
    }
  }
}
