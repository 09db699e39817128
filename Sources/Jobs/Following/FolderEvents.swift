import Dispatch
import Foundation
import Synchronization

/// Tells what happens in some folders (inotify(7)), without ever looking into them itself.
public final class FolderEvents: Sendable {
  /// What happened since the last call.
  public struct Changes: Sendable {
    /// Files that were written to.
    public var files: Set<String> = []
    /// Whether files or folders came, went or were renamed, or so much happened that some of it was lost.
    public var isStructural = false
  }

  private struct State {
    var source: (any DispatchSourceRead)?
    /// By watch descriptor; links may lead to one folder by several paths.
    var folders: [Int32: [String]] = [:]
    var known: Set<String> = []
  }

  private let descriptor: Int32
  private let state = Mutex(State())

  /// - Parameters:
  ///   - queue: where `onChange` is called.
  /// - Throws: a message when the system has no inotify instance left.
  public init(queue: DispatchQueue, onChange: @escaping @Sendable (Changes) -> Void) throws {
    descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
    guard descriptor >= 0 else {
      throw LineError(file: "inotify", line: 0, problem: String(cString: strerror(errno)))
    }
    state.withLock { state in
      state.source = Self.makeSource(descriptor, queue) { [weak self] in
        guard let self else { return }
        onChange(self.heard())
      }
    }
  }

  deinit {
    cancel()
  }

  /// Ends all watches.
  public func cancel() {
    state.withLock { state in
      state.source?.cancel()
      state.source = nil
    }
  }

  /// Owns the descriptor from now on.
  private static func makeSource(
    _ descriptor: Int32, _ queue: DispatchQueue, onEvent: @escaping @Sendable () -> Void
  ) -> sending any DispatchSourceRead {
    let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    source.setEventHandler { onEvent() }
    source.setCancelHandler { _ = close(descriptor) }
    source.activate()
    return source
  }

  /// Watches further folders.
  ///
  /// - Returns: whether all of them can be: the system has a limit, and some file systems tell nothing.
  public func watch(_ folders: [String]) -> Bool {
    let silent = SilentFileSystems()
    return state.withLock { state in
      guard state.source != nil else { return false }
      var isComplete = true
      for folder in folders where !state.known.contains(folder) {
        let events =
          UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_MOVED_TO)
          | UInt32(IN_MOVED_FROM)
        let watch = inotify_add_watch(descriptor, folder, events)
        guard watch >= 0, !silent.contain(folder) else {
          isComplete = false
          continue
        }
        state.folders[watch, default: []].append(folder)
        state.known.insert(folder)
      }
      return isComplete
    }
  }

  /// Reads all that inotify has to say.
  private func heard() -> Changes {
    // struct inotify_event: wd, mask, cookie, len (4 bytes each), then `len` bytes of name, padded with
    // zeros; in the machine's byte order, which is little-endian wherever Swift runs on Linux.
    let headerSize = 16
    var changes = Changes()
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    state.withLock { state in
      while state.source != nil {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return }
        var start = 0
        while start + headerSize <= count {
          func field(_ index: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(buffer[start + 4 * index + $1]) << (8 * $1) }
          }
          let (watch, mask) = (Int32(bitPattern: field(0)), field(1))
          let end = min(start + headerSize + Int(field(3)), count)
          let name = String(decoding: buffer[(start + headerSize)..<end].prefix { $0 != 0 }, as: UTF8.self)
          start = end
          if mask & ~UInt32(IN_MODIFY) != 0 { changes.isStructural = true }
          if mask & UInt32(IN_IGNORED) != 0 {
            // The folder is gone; one of its name may come.
            for folder in state.folders.removeValue(forKey: watch) ?? [] { state.known.remove(folder) }
          }
          for folder in state.folders[watch] ?? [] where !name.isEmpty {
            changes.files.insert(folder.hasSuffix("/") ? folder + name : folder + "/" + name)
          }
        }
      }
    }
    return changes
  }
}

/// File systems that do not tell of what other machines, or programs on the other side, write.
private struct SilentFileSystems {
  private var mountPoints: [String] = []
  private var silent: Set<String> = []

  /// Reads `/proc/self/mounts`: device, mount point, type, …
  init() {
    let types: Set = [
      "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "virtiofs",
    ]
    guard let text = try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8) else { return }
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 2 else { continue }
      // Spaces in it are written as \040.
      let point = String(fields[1]).replacing("\\040", with: " ")
      mountPoints.append(point)
      if types.contains(String(fields[2])) || fields[2].hasPrefix("fuse") { silent.insert(point) }
    }
  }

  func contain(_ folder: String) -> Bool {
    guard !silent.isEmpty else { return false }
    let path = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
    let mount = mountPoints.filter { $0 == "/" || path == $0 || path.hasPrefix($0 + "/") }.max {
      $0.count < $1.count
    }
    return mount.map(silent.contains) ?? false
  }
}
