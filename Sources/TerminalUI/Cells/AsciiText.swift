import Foundation

/// Stand-ins for text on a terminal that shows ASCII only. They keep their widths, so that layouts do not change.
enum AsciiText {
  private static let table: [Character: Character] = [
    "…": ".", "·": ".", "•": "*", "–": "-", "—": "-", "−": "-", "×": "x", "÷": "/", "±": "+", "‘": "'",
    "’": "'",
    "“": "\"", "”": "\"", "«": "<", "»": ">", "→": ">", "←": "<", "↑": "^", "↓": "v", "▲": "^", "▼": "v",
    "↵": "|", "●": "*", "○": "o", "◆": "+", "◇": "+", "★": "*", "☆": "*", "✓": "v", "✗": "x", "≤": "<",
    "≥": ">",
    "≈": "~", "∞": "I", "Δ": "d", "α": "a", "β": "b", "µ": "u", "μ": "u", "°": "o", "─": "-", "│": "|",
    "┄": ".",
    "┊": ":", "█": "#", "░": ".", "▒": ":", "▓": "%", "ß": "s", "ø": "o", "Ø": "O", "ł": "l", "æ": "a",
  ]

  static func replacement(for cell: DisplayCell) -> [DisplayCell] {
    if cell.character.isASCII { return [cell] }
    if let known = table[cell.character] { return [DisplayCell(character: known, width: 1)] }
    if let base = String(cell.character).decomposedStringWithCanonicalMapping.unicodeScalars.first,
      base.isASCII
    {
      return [DisplayCell(character: Character(base), width: 1)]
    }
    return Array(repeating: DisplayCell(character: "?", width: 1), count: cell.width)
  }
}
