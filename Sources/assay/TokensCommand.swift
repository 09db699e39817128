import ArgumentParser
import Foundation
import Jobs
import LanguageModels

struct TokensCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokens",
    abstract: "Token ids, and the loss mask of question–answer rows: exactly what a run would train on.")

  @OptionGroup var global: GlobalOptions
  @OptionGroup var engine: EngineOptions
  @Flag(help: "Lines are {\"question\", \"answer\"}: ids and loss mask of the row as a run would see it.")
  var pairs = false
  @Argument(help: ArgumentHelp("A file, or - for standard input.", valueName: "file"))
  var file: String

  struct Row: Encodable {
    var ids: [Int]
    var loss: [Int]
  }

  func run() async throws {
    let input = file == "-" ? FileHandle.standardInput : try open(file)
    let opened = try engine.open()
    var lines = LineReader(input, file: file)
    while let line = try lines.next() {
      if pairs {
        guard JSONLines.isUTF8(line), let pair = try? JSONDecoder().decode(QuestionAnswer.self, from: line)
        else {
          throw LineError(
            file: file, line: lines.number, problem: "not an object with “question” and “answer”")
        }
        let example = try opened.encode(question: pair.question, answer: pair.answer)
        if global.json {
          print(try jsonLine(Row(ids: example.ids, loss: example.lossMask.map { $0 ? 1 : 0 })))
        } else {
          print(
            zip(example.ids, example.lossMask).map { id, trained in
              let text = visible(opened.tokenizer.text(of: id))
              return trained ? "[\(text)]" : text
            }.joined(separator: "·"))
        }
      } else {
        let ids = opened.tokenizer.encode(utf8: Array(line))
        print(
          global.json
            ? try jsonLine(ids) : ids.map { visible(opened.tokenizer.text(of: $0)) }.joined(separator: "·"))
      }
    }
  }

  private func open(_ path: String) throws -> FileHandle {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw LineError(file: path, line: 0, problem: String(cString: strerror(errno)))
    }
    return handle
  }
}
