/// Writes pairs in a format, piece by piece. What ``PairReader`` reads of it are the same pairs.
public struct PairWriter {
  /// What can be written.
  public enum Format: String, CaseIterable, Sendable {
    case alpaca, sharegpt, messages
    case promptCompletion = "prompt-completion"
    case squad, csv, tsv, jsonl
    /// A curated file of synthetic-data-kit.
    case syntheticDataKit = "synthetic-data-kit"
  }

  /// Of a table: its columns.
  public static let allColumns = TableRecords.columns

  private let format: Format
  private let columns: [String]
  private let forSpreadsheets: Bool
  private var count = 0
  private var squad = SQuAD.Writer()
  private var kit = SyntheticDataKit.Writer()

  /// - Parameters:
  ///   - columns: those of a table; the others are left out.
  ///   - forSpreadsheets: keeps cells of a table from being calculated by an apostrophe, which other programs than
  ///     spreadsheets and this one take for text.
  public init(_ format: Format, columns: [String] = PairWriter.allColumns, forSpreadsheets: Bool = false) {
    self.format = format
    self.columns = columns
    self.forSpreadsheets = forSpreadsheets
  }

  /// The text of a pair, with what comes before it.
  public mutating func text(_ pair: FormatPair) -> String {
    var text = ""
    switch format {
    case .jsonl: QuestionAnswerRecord.write(pair).write(to: &text)
    case .messages: ConversationRecord.writeMessages(pair).write(to: &text)
    case .promptCompletion: ConversationRecord.writePrompt(pair).write(to: &text)
    case .alpaca, .sharegpt:
      text += count == 0 ? "[\n" : ",\n"
      let record = format == .alpaca ? AlpacaRecord.write(pair) : ConversationRecord.writeShareGPT(pair)
      record.write(to: &text)
    case .squad: squad.write(pair, to: &text)
    case .syntheticDataKit: kit.write(pair, to: &text)
    case .csv, .tsv:
      if count == 0 { text += header }
      TableRecords.write(
        pair, columns: columns, delimiter: delimiter, forSpreadsheets: forSpreadsheets, to: &text)
    }
    switch format {
    case .jsonl, .messages, .promptCompletion: text += "\n"
    default: break
    }
    count += 1
    return text
  }

  /// What comes after the last pair.
  public func end() -> String {
    var text = ""
    switch format {
    case .jsonl, .messages, .promptCompletion: break
    case .alpaca, .sharegpt: text = count == 0 ? "[]\n" : "\n]\n"
    case .squad: squad.end(&text)
    case .syntheticDataKit: kit.end(&text)
    case .csv, .tsv: text = count == 0 ? header : ""
    }
    return text
  }

  private var delimiter: UInt8 { format == .tsv ? UInt8(ascii: "\t") : UInt8(ascii: ",") }

  private var header: String { columns.joined(separator: format == .tsv ? "\t" : ",") + "\n" }
}
