import ArgumentParser
import Foundation
import TerminalUI
import Workbench

/// `assay keys`: what to press for what, as it is in force.
struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "The workbench's actions and their keys, yours from keys.toml included.")

  @OptionGroup var global: GlobalOptions

  private struct Report: Encodable {
    struct Row: Encodable {
      var action: String
      var title: String
      var section: String
      var keys: [String]
    }
    struct Problem: Encodable {
      var file: String
      var line: Int?
      var message: String
    }
    var file: String
    var actions: [Row]
    var problems: [Problem]
  }

  func run() throws {
    let map = KeyMap()
    if global.json {
      let report = Report(
        file: map.file.path,
        actions: map.table.commands.map {
          .init(action: $0.name, title: $0.title, section: $0.section, keys: $0.keys.map(\.description))
        },
        problems: map.problems.map { .init(file: $0.file, line: $0.line, message: $0.text) })
      writeLine(try jsonLine(report))
    } else {
      for command in map.table.commands {
        let keys = command.keys.isEmpty ? "–" : command.keys.map(\.description).joined(separator: " ")
        writeLine("\(padded(keys, 14))\(padded(command.name, 22))\(command.title)")
      }
    }
    for problem in map.problems { standardError("assay: " + oneLine("\(problem)")) }
    if !map.problems.isEmpty { throw ExitCode(1) }
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}
