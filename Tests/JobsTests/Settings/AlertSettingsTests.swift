import Foundation
import Testing

@testable import Jobs

@Suite struct AlertSettingsTests {
  private func read(user: String?, project: String?) throws -> AlertSettings {
    let scratch = try ScratchFolder()
    let file = scratch.url.appendingPathComponent("config.toml")
    if let user { try scratch.write("config.toml", Data(user.utf8)) }
    if let project { try scratch.write("assay.toml", Data(project.utf8)) }
    return try AlertSettings.read(projectFolder: scratch.url, userFile: file)
  }

  private func refusal(user: String? = nil, project: String? = nil) -> String? {
    do {
      _ = try read(user: user, project: project)
      return nil
    } catch {
      // Without the folder.
      return "\(error)".split(separator: "/").last.map(String.init)
    }
  }

  @Test func theProjectsSettingsLieOverTheUsers() throws {
    #expect(try read(user: nil, project: nil) == AlertSettings())
    let user = "[alerts]\nbell = false\ncommand = \"notify-me\""
    let both = try read(user: user, project: "[alerts]\nbell = true")
    #expect(both.bell && both.command == "notify-me")
    #expect(try read(user: user, project: nil).command == "notify-me")
  }

  /// A project may come from someone else: what it says is not run.
  @Test func aProjectHasNoCommand() throws {
    let message = try #require(refusal(project: "[alerts]\nbell = true\ncommand = 'rm -rf ~'\n"))
    #expect(message.hasSuffix("config.toml only: a project may come from someone else."))
    #expect(throws: SettingsFileError.self) {
      try ProjectSettings(toml: "[alerts]\ncommand = ''", file: "assay.toml")
    }
    do {
      _ = try ProjectSettings(toml: "[alerts]\nbell = true\ncommand = 'x'", file: "assay.toml")
    } catch {
      #expect("\(error)".hasPrefix("assay.toml:3: alerts.command counts in your own "))
    }
  }

  @Test func errorsHaveTheirLine() {
    #expect(
      refusal(project: "[alerts]\nbell = 3\n")
        == "assay.toml:2: alerts.bell cannot be “3”; allowed is true or false.")
    #expect(
      refusal(user: "[alerts]\n\ncomand = 'x'\n")
        == "config.toml:3: unknown option “alerts.comand”; did you mean “alerts.command”?")
    #expect(
      refusal(user: "[training]\nlora_r = 8\n") == "config.toml:1: unknown section “training”.",
      "the user's file has no other settings")
    #expect(
      refusal(user: "[alert]\nbell = true\n")
        == "config.toml:1: unknown section “alert”; did you mean “alerts”?")
  }

  @Test func theUsersFileIsWhereTheSpecificationHasIt() {
    #expect(AlertSettings.userFile(["XDG_CONFIG_HOME": "/x/y"]).path == "/x/y/assay/config.toml")
    #expect(AlertSettings.userFile(["XDG_CONFIG_HOME": "y"]).path.hasSuffix("/.config/assay/config.toml"))
  }
}
