/// What a program printed, piece by piece: lines, and what progress bars write over each other with carriage returns.
enum OutputLines {
  /// The pieces of a line, without the escape sequences that colour it or move the cursor.
  static func pieces(of line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    line.split(separator: 0x0d).map { piece in piece.contains(0x1b) ? plain(piece) : piece }
  }

  /// Leaves out ECMA-48's control sequences (ESC [ … letter), operating system commands (ESC ] … BEL or ESC \) and
  /// other escapes of two bytes.
  private static func plain(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var result: [UInt8] = []
    var index = text.startIndex
    while index < text.endIndex {
      guard text[index] == 0x1b else {
        result.append(text[index])
        index += 1
        continue
      }
      index += 1
      guard index < text.endIndex else { break }
      switch text[index] {
      case UInt8(ascii: "["):
        index += 1
        while index < text.endIndex, !(0x40...0x7e).contains(text[index]) { index += 1 }
      case UInt8(ascii: "]"):
        while index < text.endIndex, text[index] != 0x07, text[index] != 0x1b { index += 1 }
        if index < text.endIndex, text[index] == 0x1b { index += 1 }
      default: break
      }
      index += 1
    }
    return ArraySlice(result)
  }
}
