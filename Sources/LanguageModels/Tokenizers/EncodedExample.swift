/// A question and its answer as a model reads them, with what it is to learn.
public struct EncodedExample: Sendable, Equatable {
  /// The prompt's ids, then those of the answer and its end token.
  public var ids: [Int]
  /// Same length as `ids`: true where the token is a training target, which is on the answer and its end
  /// token.
  public var lossMask: [Bool]
  /// The number of ids up to where the answer begins. They do not depend on the answer.
  public var promptCount: Int
  /// The number of ids at the front that do not depend on the question either: the same for all rows of a
  /// data set that share a system prompt.
  public var sharedPrefixCount: Int

  public init(ids: [Int], lossMask: [Bool], promptCount: Int, sharedPrefixCount: Int) {
    self.ids = ids
    self.lossMask = lossMask
    self.promptCount = promptCount
    self.sharedPrefixCount = sharedPrefixCount
  }
}
