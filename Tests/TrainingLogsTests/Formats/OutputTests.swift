import Testing

@testable import TrainingLogs

struct OutputTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func readsWhatMLXPrints() throws {
    let file = try LogFile.reading(
      """
      Loading pretrained model
      Trainable parameters: 0.1% (1.2M/1100M)
      Starting training..., iters: 1000
      Iter 1: Val loss 2.865, Val took 8.123s
      Iter 10: Train loss 2.345, Learning Rate 1.000e-05, It/sec 1.200, Tokens/sec 200.100, Trained Tokens 2000, Peak mem 5.100 GB
      \u{1b}[32mIter 20: Train loss nan, Learning Rate 1.000e-05, It/sec 1.3, Tokens/sec 201, Trained Tokens 4000, Peak mem 5.2 GB\u{1b}[0m
      Iter 100: Saved adapter weights to adapters/adapters.safetensors.

      """, in: folder)
    #expect(file.format == .mlxOutput)
    #expect(file["eval_loss"]?.points.map(\.value) == [2.865])
    #expect(file["eval_loss"]?.steps == [1])
    #expect(file["val_seconds"]?.values == [8.123])
    #expect(file["train_loss"]?.steps == [10, 20])
    #expect(file["train_loss"]?.summary.nanCount == 1)
    #expect(file["learning_rate"]?.values == [1e-05, 1e-05])
    #expect(file["iterations_per_second"]?.values == [1.2, 1.3])
    #expect(file["tokens_per_second"]?.values == [200.1, 201])
    #expect(file["trained_tokens"]?.values == [2000, 4000])
    #expect(file["peak_memory_gigabytes"]?.values == [5.1, 5.2])
    #expect(file.warnings.isEmpty)
  }

  /// A line printed as tqdm does it: the bar is cleared, the text written, the bar drawn again.
  private func line(_ text: String, step: Int, of total: Int) -> String {
    let bar = "\r  5%|▌         | \(step)/\(total) [00:05<01:35,  2.00it/s]"
    return bar + "\r" + String(repeating: " ", count: 60) + "\r" + text + "\n" + bar
  }

  @Test func takesStepsFromTheBarsAroundTheLines() throws {
    let file = try LogFile.reading(
      "Map: 100%|██████████| 1000/1000 [00:01<00:00]\n  0%|          | 0/40 [00:00<?, ?it/s]"
        + line(
          "{'loss': '2.5', 'grad_norm': '0.25', 'learning_rate': '0.0008', 'epoch': '0.5'}", step: 10, of: 40)
        + line(
          "{'loss': '2.25', 'grad_norm': 'nan', 'learning_rate': '0.0004', 'epoch': '1'}", step: 20, of: 40)
        + "\r 50%|█████     | 1/2 [00:00<00:00]\r100%|██████████| 2/2 [00:00<00:00]\u{1b}[A"
        + line("{'eval_loss': '2.75', 'eval_runtime': '1.5', 'epoch': '1'}", step: 20, of: 40)
        + line("{'loss': 2.0, 'grad_norm': inf, 'learning_rate': 2e-05, 'epoch': 1.5}", step: 30, of: 40)
        + line("{'train_runtime': '9.5', 'train_loss': '2.25', 'epoch': '2'}", step: 40, of: 40), in: folder)
    #expect(file.format == .trainerOutput)
    #expect(file["train_loss"]?.steps == [10, 20, 30])
    #expect(file["train_loss"]?.values == [2.5, 2.25, 2.0])
    #expect(file["eval_loss"]?.steps == [20])
    #expect(file["gradient_norm"]?.summary.nanCount == 1)
    #expect(file["gradient_norm"]?.summary.positiveInfinityCount == 1)
    #expect(file["mean_train_loss"]?.steps == [40])
    #expect(file.facts.totalSteps == 40)
    #expect(file.warnings.isEmpty)
  }

  @Test func withoutBarsItsEntriesAreCounted() throws {
    let file = try LogFile.reading(
      """
      {'loss': 2.5, 'learning_rate': 5e-05, 'epoch': 0.5}
      {'loss': 2.25, 'learning_rate': 4e-05, 'epoch': 1.0}
      {'eval_loss': 2.75, 'eval_runtime': 1.5, 'epoch': 1.0}
      {'loss': 2.0, 'learning_rate': 3e-05, 'epoch': 1.5}

      """, in: folder)
    #expect(file["train_loss"]?.steps == [1, 2, 3])
    #expect(file["eval_loss"]?.steps == [2])
    #expect(file["epoch"]?.values == [0.5, 1, 1, 1.5])
    #expect(file.warnings.count == 1)
    #expect(file.warnings.first?.contains("no reliable step numbers") == true)
  }

  /// Into a file, the bars go at once and the lines when a buffer is full: the bars then say steps that are wrong.
  @Test func barsThatContradictTheEpochsAreNotBelieved() throws {
    let file = try LogFile.reading(
      "\r 25%|██ | 10/40 [00:05<01:35]\r 75%|██ | 30/40 [00:05<01:35]\n"
        + "{'loss': 2.5, 'learning_rate': 5e-05, 'epoch': 0.5}\n\r100%|██ | 40/40 [00:05<01:35]\n"
        + "{'loss': 2.25, 'learning_rate': 4e-05, 'epoch': 1.0}\n"
        + "{'loss': 2.0, 'learning_rate': 3e-05, 'epoch': 1.5}\n", in: folder)
    #expect(file["train_loss"]?.steps == [1, 2, 3])
    #expect(file.facts.totalSteps == nil)
    #expect(file.warnings.count == 1)
  }

  @Test func countingKnowsARepeatedLineAndAResume() throws {
    let file = try LogFile.reading(
      """
      {'loss': 2.5, 'learning_rate': 5e-05, 'epoch': 0.5}
      {'loss': 2.25, 'learning_rate': 4e-05, 'epoch': 1.0}
      {'loss': 2.25, 'learning_rate': 4e-05, 'epoch': 1.0}
      {'loss': 2.0, 'learning_rate': 3e-05, 'epoch': 1.5}
      {'loss': 2.125, 'learning_rate': 4e-05, 'epoch': 1.0}
      {'loss': 1.75, 'learning_rate': 3e-05, 'epoch': 1.5}

      """, in: folder)
    #expect(file["train_loss"]?.steps == [1, 2, 3, 2, 3])
    #expect(file["train_loss"]?.segments.map(\.start) == [0, 3])
    #expect(file["train_loss"]?.duplicatesDropped == 1)
  }

  @Test func otherDictionariesAreNotLogged() throws {
    let file = try LogFile.reading(
      "{'a': 1, 'b': 2}\nsaw {'loss': 1.0, 'epoch': 1} there\nloss: 2\n", in: folder)
    #expect(file.format == nil)
  }
}
