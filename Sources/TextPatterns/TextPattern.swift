/// A regular expression that is matched in time linear in the text.
///
/// Patterns come from files and from people who are still typing. A matcher that backtracks, as Swift's and Python's do, takes longer than anyone
/// waits for a pattern like `(.*)*x`; this one follows all alternatives at once (Thompson 1968). Look-around,
/// back references and inline flags cannot be followed so, and are refused.
public struct TextPattern: Sendable {
  /// Why a text is not accepted.
  public struct SyntaxError: Error, Equatable {
    /// `has a parenthesis too many`
    public var problem: String
  }

  fileprivate enum Instruction: Sendable {
    case scalar(ScalarSet)
    case start
    case end
    case split(Int, Int)
    case jump(Int)
    case match
  }

  fileprivate static let maximumDepth = 64

  private let program: [Step]
  private let sets: [CompiledSet]

  /// An instruction, without what has to be counted when it is copied.
  private enum Step {
    /// A scalar of the set with this number.
    case scalar(Int)
    case start
    case end
    case split(Int, Int)
    case jump(Int)
    case match
  }

  /// - Parameter maximumLength: of the compiled pattern, where every repetition that is counted stands out in full: by
  ///   so many steps at most a scalar of the text is matched. The default is beyond any pattern in use; a text of 100
  ///   scalars is then matched within a millisecond or two.
  public init(_ pattern: String, ignoresCase: Bool = false, maximumLength: Int = 8192) throws(SyntaxError) {
    var compiler = Compiler(scalars: Array(pattern.unicodeScalars), maximumLength: maximumLength)
    var sets: [CompiledSet] = []
    program = try compiler.program().map { instruction in
      switch instruction {
      case .scalar(let set):
        sets.append(CompiledSet(set, ignoresCase: ignoresCase))
        return .scalar(sets.count - 1)
      case .start: return .start
      case .end: return .end
      case .split(let first, let second): return .split(first, second)
      case .jump(let target): return .jump(target)
      case .match: return .match
      }
    }
    self.sets = sets
  }

  /// Whether the pattern matches the whole of a text.
  public func matches(_ text: String) -> Bool {
    let scalars = Array(text.unicodeScalars)
    var current = Threads(count: program.count)
    var next = Threads(count: program.count)
    follow(0, at: 0, of: scalars.count, into: &current)
    for (position, scalar) in scalars.enumerated() {
      step(scalar, at: position, of: scalars.count, current, &next)
      if next.list.isEmpty, !next.hasMatch { return false }
      swap(&current, &next)
    }
    return current.hasMatch
  }

  /// Whether the pattern matches a part of a text.
  public func isFound(in text: String) -> Bool {
    let scalars = Array(text.unicodeScalars)
    var current = Threads(count: program.count)
    var next = Threads(count: program.count)
    for position in 0...scalars.count {
      follow(0, at: position, of: scalars.count, into: &current)
      if current.hasMatch { return true }
      guard position < scalars.count else { return false }
      step(scalars[position], at: position, of: scalars.count, current, &next)
      swap(&current, &next)
    }
    return false
  }

  private func step(
    _ scalar: Unicode.Scalar, at position: Int, of count: Int, _ current: borrowing Threads,
    _ next: inout Threads
  ) {
    next.removeAll()
    for thread in current.list {
      if case .scalar(let set) = program[thread], sets[set].contains(scalar) {
        follow(thread + 1, at: position + 1, of: count, into: &next)
      }
    }
  }

  /// Adds the instructions that `start` leads to without taking a scalar.
  private func follow(_ start: Int, at position: Int, of count: Int, into threads: inout Threads) {
    var thread = start
    while true {
      if threads.insert(thread) {
        switch program[thread] {
        case .split(let first, let second):
          threads.pending.append(second)
          thread = first
          continue
        case .jump(let target):
          thread = target
          continue
        case .start where position == 0, .end where position == count:
          thread += 1
          continue
        case .start, .end: break
        case .scalar: threads.list.append(thread)
        case .match: threads.hasMatch = true
        }
      }
      guard let next = threads.pending.popLast() else { return }
      thread = next
    }
  }

  /// Places in the program, each once.
  private struct Threads: ~Copyable {
    /// Those that wait for a scalar.
    var list: [Int] = []
    var hasMatch = false
    /// Places still to be followed.
    var pending: [Int] = []
    /// The generation in which a place was last added.
    private var seen: [Int]
    private var generation = 1

    init(count: Int) { seen = Array(repeating: 0, count: count) }

    mutating func insert(_ thread: Int) -> Bool {
      guard seen[thread] != generation else { return false }
      seen[thread] = generation
      return true
    }

    mutating func removeAll() {
      list.removeAll(keepingCapacity: true)
      hasMatch = false
      generation += 1
    }
  }
}

/// A set that tells quickly of ASCII.
private struct CompiledSet: Sendable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0
  private let set: ScalarSet
  private let ignoresCase: Bool

  init(_ set: ScalarSet, ignoresCase: Bool) {
    self.set = set
    self.ignoresCase = ignoresCase
    for value in UInt8(0)..<128 where accepts(Unicode.Scalar(value)) {
      if value < 64 { low |= 1 << UInt64(value) } else { high |= 1 << UInt64(value - 64) }
    }
  }

  func contains(_ scalar: Unicode.Scalar) -> Bool {
    let value = UInt64(scalar.value)
    if value < 64 { return low >> value & 1 == 1 }
    if value < 128 { return high >> (value - 64) & 1 == 1 }
    return accepts(scalar)
  }

  private func accepts(_ scalar: Unicode.Scalar) -> Bool {
    guard ignoresCase, scalar.properties.isCased else { return set.contains(scalar) }
    let cases = [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping]
    let isNamed =
      set.isNamed(scalar) || cases.contains { $0.unicodeScalars.first.map(set.isNamed) ?? false }
    return isNamed != set.isInverted
  }
}

/// The scalars that one place of a pattern accepts.
private struct ScalarSet: Sendable {
  var ranges: [ClosedRange<Unicode.Scalar>] = []
  var isInverted = false

  func contains(_ scalar: Unicode.Scalar) -> Bool { isNamed(scalar) != isInverted }

  /// Whether the scalar is in one of the ranges.
  func isNamed(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar) } }

  static let digits: [ClosedRange<Unicode.Scalar>] = ["0"..."9"]
  static let word: [ClosedRange<Unicode.Scalar>] = ["0"..."9", "A"..."Z", "_"..."_", "a"..."z"]
  static let space: [ClosedRange<Unicode.Scalar>] = ["\t"..."\r", " "..." "]
  static let any = ScalarSet(ranges: ["\n"..."\n"], isInverted: true)
}

// MARK: - Compiling

/// Reads a pattern from left to right; the program of a part is made again for each of its repetitions.
private struct Compiler {
  /// A part of the pattern.
  indirect enum Node {
    case scalar(ScalarSet)
    case start
    case end
    case sequence([Node])
    case choice([Node])
    case repeated(Node, least: Int, most: Int?)
  }

  let scalars: [Unicode.Scalar]
  let maximumLength: Int
  var position = 0
  private var depth = 0
  private var instructions: [TextPattern.Instruction] = []

  init(scalars: [Unicode.Scalar], maximumLength: Int) {
    self.scalars = scalars
    self.maximumLength = maximumLength
  }

  mutating func program() throws(TextPattern.SyntaxError) -> [TextPattern.Instruction] {
    guard scalars.count <= maximumLength else { throw failure("is too long") }
    let node = try choice()
    guard position == scalars.count else { throw failure("has a parenthesis too many") }
    try emit(node)
    try append(.match)
    return instructions
  }

  private func failure(_ problem: String) -> TextPattern.SyntaxError { .init(problem: problem) }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard position < scalars.count, scalars[position] == scalar else { return false }
    position += 1
    return true
  }

  private mutating func next(_ missing: String) throws(TextPattern.SyntaxError) -> Unicode.Scalar {
    guard position < scalars.count else { throw failure(missing) }
    position += 1
    return scalars[position - 1]
  }

  // MARK: Reading

  private mutating func choice() throws(TextPattern.SyntaxError) -> Node {
    guard depth < TextPattern.maximumDepth else { throw failure("is nested too deeply") }
    depth += 1
    defer { depth -= 1 }
    var choices = [try sequence()]
    while take("|") { choices.append(try sequence()) }
    return choices.count == 1 ? choices[0] : .choice(choices)
  }

  private mutating func sequence() throws(TextPattern.SyntaxError) -> Node {
    var parts: [Node] = []
    while position < scalars.count, scalars[position] != "|", scalars[position] != ")" {
      parts.append(try quantified())
    }
    return .sequence(parts)
  }

  private mutating func quantified() throws(TextPattern.SyntaxError) -> Node {
    let part = try atom()
    let (least, most): (Int, Int?)
    if take("*") {
      (least, most) = (0, nil)
    } else if take("+") {
      (least, most) = (1, nil)
    } else if take("?") {
      (least, most) = (0, 1)
    } else if take("{") {
      (least, most) = try bounds()
    } else {
      return part
    }
    // A reluctant quantifier matches the same whole paths.
    _ = take("?")
    guard position == scalars.count || !["*", "+", "?", "{"].contains(scalars[position]) else {
      throw failure("has a quantifier behind another")
    }
    return .repeated(part, least: least, most: most)
  }

  /// `m}`, `m,}`, `,n}` or `m,n}`.
  private mutating func bounds() throws(TextPattern.SyntaxError) -> (Int, Int?) {
    let least = try number()
    guard take(",") else {
      guard let least, take("}") else { throw failure("has a brace that is no repetition") }
      return (least, least)
    }
    let most = try number()
    guard take("}"), most == nil || most ?? 0 >= least ?? 0 else {
      throw failure("has a brace that is no repetition")
    }
    return (least ?? 0, most)
  }

  private mutating func number() throws(TextPattern.SyntaxError) -> Int? {
    var value: Int?
    while position < scalars.count,
      let digit = scalars[position].properties.numericType == .decimal
        ? Int(String(scalars[position])) : nil
    {
      position += 1
      let grown = (value ?? 0) * 10 + digit
      guard grown <= maximumLength else { throw failure("repeats a part too often") }
      value = grown
    }
    return value
  }

  private mutating func atom() throws(TextPattern.SyntaxError) -> Node {
    let scalar = try next("ends early")
    switch scalar {
    case ".": return .scalar(.any)
    case "^": return .start
    case "$": return .end
    case "[": return .scalar(try bracket())
    case "\\": return .scalar(try escape())
    case "(":
      if take("?") {
        // Only `(?:…)`, and a name, which is of no use here: `(?P<name>…)`.
        if take("P"), take("<") {
          while try next("ends within a name") != ">" {}
        } else if !take(":") {
          throw failure("has a group that is not understood (look-around, back references, flags)")
        }
      }
      let inner = try choice()
      guard take(")") else { throw failure("has a parenthesis that is not closed") }
      return inner
    case "*", "+", "?", "{": throw failure("has a quantifier with nothing before it")
    default: return .scalar(ScalarSet(ranges: [scalar...scalar]))
    }
  }

  /// What a backslash makes of the scalar behind it.
  private mutating func escape() throws(TextPattern.SyntaxError) -> ScalarSet {
    let scalar = try next("ends with a backslash")
    switch scalar {
    case "d": return ScalarSet(ranges: ScalarSet.digits)
    case "D": return ScalarSet(ranges: ScalarSet.digits, isInverted: true)
    case "w": return ScalarSet(ranges: ScalarSet.word)
    case "W": return ScalarSet(ranges: ScalarSet.word, isInverted: true)
    case "s": return ScalarSet(ranges: ScalarSet.space)
    case "S": return ScalarSet(ranges: ScalarSet.space, isInverted: true)
    case _ where ScalarSet(ranges: ScalarSet.word).contains(scalar):
      throw failure("has the escape \\\(scalar), which is not understood")
    default: return ScalarSet(ranges: [scalar...scalar])
    }
  }

  private mutating func bracket() throws(TextPattern.SyntaxError) -> ScalarSet {
    let open = "has a bracket that is not closed"
    var set = ScalarSet()
    set.isInverted = take("^")
    var isFirst = true
    while true {
      let scalar = try next(open)
      if scalar == "]", !isFirst { return set }
      isFirst = false
      if scalar == "\\" {
        let escaped = try escape()
        guard !escaped.isInverted else { throw failure("has an inverted class within brackets") }
        set.ranges += escaped.ranges
      } else if position + 1 < scalars.count, scalars[position] == "-", scalars[position + 1] != "]" {
        position += 1
        let last = try next(open)
        guard scalar <= last else { throw failure("has a range in brackets that runs backwards") }
        set.ranges.append(scalar...last)
      } else {
        set.ranges.append(scalar...scalar)
      }
    }
  }

  // MARK: Writing

  private mutating func append(_ instruction: TextPattern.Instruction) throws(TextPattern.SyntaxError) {
    guard instructions.count < maximumLength else { throw failure("is too long") }
    instructions.append(instruction)
  }

  private mutating func emit(_ node: Node) throws(TextPattern.SyntaxError) {
    switch node {
    case .scalar(let set): try append(.scalar(set))
    case .start: try append(.start)
    case .end: try append(.end)
    case .sequence(let parts): for part in parts { try emit(part) }
    case .choice(let choices):
      var jumps: [Int] = []
      for (index, choice) in choices.enumerated() {
        let split = instructions.count
        let isLast = index == choices.count - 1
        if !isLast { try append(.split(split + 1, 0)) }
        try emit(choice)
        guard !isLast else { continue }
        jumps.append(instructions.count)
        try append(.jump(0))
        instructions[split] = .split(split + 1, instructions.count)
      }
      for jump in jumps { instructions[jump] = .jump(instructions.count) }
    case .repeated(let part, let least, let most):
      for _ in 0..<least { try emitCopy(of: part) }
      if let most {
        for _ in least..<most { try emitOptional(part, repeats: false) }
      } else {
        try emitOptional(part, repeats: true)
      }
    }
  }

  /// A part that matches nothing takes no room, so its repetitions must be counted all the same.
  private mutating func emitCopy(of part: Node) throws(TextPattern.SyntaxError) {
    let before = instructions.count
    try emit(part)
    if instructions.count == before { try append(.jump(before + 1)) }
  }

  private mutating func emitOptional(_ part: Node, repeats: Bool) throws(TextPattern.SyntaxError) {
    let split = instructions.count
    try append(.split(split + 1, 0))
    try emit(part)
    if repeats { try append(.jump(split)) }
    instructions[split] = .split(split + 1, instructions.count)
  }
}
