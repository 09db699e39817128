/// One metadata value of a GGUF file.
///
/// Integers of every width are widened; arrays are homogeneous in the file and kept as such here.
/// Source: the GGUF specification in the ggml repository.
public enum GGUFValue: Sendable, Equatable {
  case integer(Int)
  case number(Double)
  case bool(Bool)
  case string(String)
  case integers([Int])
  case numbers([Float])
  case bools([Bool])
  case strings([String])
}
