import Compute
import Testing

@testable import LanguageModels

@Suite("Generation")
struct GenerationTests {
  @Test(
    "greedy tokens and log-probabilities equal the reference's", arguments: PyTorchGoldenTests.models, [1, 2])
  func greedy(model: String, threads: Int) throws {
    let golden = try Golden(model)
    let workers = Workers(count: threads)
    let llama = try Llama(golden.stored, precision: .f32, workers: workers)
    let g = golden.numbers.generation
    for (adapter, expected) in [(nil, g.base), (try golden.adapter("lora"), g.lora)] {
      var tokens: [GeneratedToken] = []
      let reason = try Generator(llama, adapter: adapter, workers: workers).generate(
        GenerationRequest(
          prompt: g.prompt.map(Int.init), maxTokens: expected.ids.count, topLogProbabilities: 3)
      ) {
        tokens.append($0)
        return true
      }
      #expect(reason == .length)
      #expect(tokens.map(\.id) == expected.ids)
      for (token, logProbability) in zip(tokens, expected.logprobs) {
        #expect(abs(token.logProbability - logProbability) < 1e-3)
        #expect(token.top.first?.id == token.id)
        #expect(token.top.map(\.logProbability) == token.top.map(\.logProbability).sorted(by: >))
      }
    }
  }

  @Test("end tokens, stop strings and listeners end an answer")
  func endings() throws {
    let golden = try Golden("llama-tied")
    let workers = Workers(count: 1)
    let generator = Generator(
      try Llama(golden.stored, precision: .f32, workers: workers), adapter: nil, workers: workers)
    let prompt = golden.numbers.generation.prompt.map(Int.init)
    let first = golden.numbers.generation.base.ids[0]
    var request = GenerationRequest(prompt: prompt, maxTokens: 5, stopTokens: [first])
    #expect(try generator.generate(request) { _ in true } == .endToken)
    request.stopTokens = []
    #expect(try generator.generate(request) { _ in false } == .cancelled)
    request.stopStrings = ["xx"]
    var count = 0
    let reason = try generator.generate(
      request, text: { String(repeating: "x", count: $0.count) },
      onToken: { _ in
        count += 1
        return true
      })
    #expect(reason == .stopString && count == 1)
  }

  @Test("the same seed draws the same tokens; top-k and top-p keep to the likely ones")
  func sampling() {
    let logits: [Float] = [0, 3, 1, 2.5, -1]
    func draws(_ options: SamplingOptions) -> [Int] {
      var sampler = Sampler(options)
      return (0..<400).map { _ in sampler.choose(logits) }
    }
    let free = SamplingOptions(temperature: 1, seed: 7)
    #expect(draws(free) == draws(free))
    #expect(draws(free) != draws(SamplingOptions(temperature: 1, seed: 8)))
    #expect(Set(draws(SamplingOptions(temperature: 1, topK: 2, seed: 1))) == [1, 3])
    // p(1) = 0.52, p(3) = 0.32, p(2) = 0.07
    #expect(Set(draws(SamplingOptions(temperature: 1, topP: 0.5, seed: 1))) == [1])
    #expect(Set(draws(SamplingOptions(temperature: 1, topP: 0.8, seed: 1))) == [1, 3])
    #expect(Set(draws(SamplingOptions(temperature: 0, seed: 1))) == [1])
    let share = Double(draws(free).count { $0 == 1 }) / 400
    #expect(abs(share - 0.52) < 0.1)
  }
}
