/// A named action. What it does is the application's; how it is called and reached is here.
public struct Command: Hashable, Sendable {
  /// For settings, logs and tests: `runs.pause`.
  public var name: String
  /// For hints, help and the palette: `pause`.
  public var title: String
  public var keys: [Key]
  /// Where it counts: a screen, a pane, or `KeyTable.everywhere`.
  public var section: String

  public init(name: String, title: String, keys: [Key], section: String) {
    self.name = name
    self.title = title
    self.keys = keys
    self.section = section
  }
}

/// A key that would run two commands.
public struct KeyConflict: Error, Hashable, Sendable, CustomStringConvertible {
  public var key: Key
  public var first: String
  public var second: String

  public var description: String { "key \(key) is bound to both \(first) and \(second)" }
}

/// All commands with their keys: the one table behind dispatch, hints, help and palette.
public struct KeyTable: Sendable {
  /// The section of commands that count on every screen.
  public static let everywhere = "Everywhere"

  public private(set) var commands: [Command]

  public init(_ commands: [Command]) { self.commands = commands }

  /// The command that a key runs in one of the sections, the first section first, then everywhere.
  public func command(for key: Key, in sections: [String]) -> Command? {
    for section in sections + [Self.everywhere] {
      if let found = commands.first(where: { $0.section == section && $0.keys.contains(key) }) {
        return found
      }
    }
    return nil
  }

  public func command(named name: String) -> Command? { commands.first { $0.name == name } }

  /// The commands that count in one of the sections or everywhere, in that order.
  public func commands(in sections: [String]) -> [Command] {
    (sections + [Self.everywhere]).flatMap { section in commands.filter { $0.section == section } }
  }

  /// Every key with two meanings in one section. A section may give an everywhere key another meaning.
  public var conflicts: [KeyConflict] {
    var owners: [String: [Key: String]] = [:]
    var found: [KeyConflict] = []
    for command in commands {
      for key in command.keys {
        if let first = owners[command.section]?[key], first != command.name {
          found.append(KeyConflict(key: key, first: first, second: command.name))
        } else {
          owners[command.section, default: [:]][key] = command.name
        }
      }
    }
    return found
  }

  /// Every key with two meanings where these sections count.
  public func conflicts(in sections: [String]) -> [KeyConflict] {
    var owners: [Key: String] = [:]
    var found: [KeyConflict] = []
    for command in commands(in: sections) {
      for key in command.keys {
        if let owner = owners[key], owner != command.name {
          found.append(KeyConflict(key: key, first: owner, second: command.name))
        } else {
          owners[key] = command.name
        }
      }
    }
    return found
  }

  /// The keys of a command that run it where these sections count, and no command of another section before it.
  public func keys(of name: String, in sections: [String]) -> [Key] {
    let keys = command(named: name)?.keys ?? []
    return keys.filter { command(for: $0, in: sections)?.name == name }
  }

  /// The table with other keys in place of a command's own.
  public func rebinding(_ name: String, to keys: [Key]) -> KeyTable {
    var table = self
    for index in table.commands.indices where table.commands[index].name == name {
      table.commands[index].keys = keys
    }
    return table
  }
}
