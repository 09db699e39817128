import Compute

/// Final norm, logits and cross-entropy, only where there is a loss.
extension LayerRun {
  /// Losses of all loss rows. With a backward, `dResidual` becomes the gradient of the last layer's output.
  func headLosses() -> [Float] {
    let scale = request?.scale
    let output = buffers.residual(c.layerCount)
    if scale != nil { eachRange { _, range in buffers.dResidual.rows(range).fill(0) } }
    var losses: [Float] = []
    let count = batch.lossRows.count
    let head = buffers.head
    let words = head.words

    for first in stride(from: 0, to: count, by: HeadBuffers.block) {
      let rows = first..<min(first + HeadBuffers.block, count)
      let n = rows.count
      let hidden = head.hidden.rows(0..<n)
      let normed = head.normed.rows(0..<n)
      let logits = head.logits.rows(0..<n)
      hidden.gather(batch.lossRows[rows], from: output)
      normed.setRMSNorm(
        of: hidden, weight: model.finalNorm, epsilon: epsilon, inverseRMS: head.inverseRMS.rows(0..<n))
      workers.run(words.count) { slot in
        clock.busy {
          clock.products {
            logits.columns(words[slot]).setProduct(
              Product(normed, model.head.outputs(words[slot])))
          }
        }
      }
      let shares = workers.ranges(of: n)
      workers.run(shares.count) { slot in
        clock.busy {
          let share = shares[slot]
          logits.rows(share).crossEntropy(
            targets: batch.targets[rows.lowerBound + share.lowerBound..<rows.lowerBound + share.upperBound],
            losses: head.losses.rows(share), gradientScale: scale)
        }
      }
      losses += head.losses.rows(0..<n).values
      guard scale != nil else { continue }
      // dHidden = dLogits · head: words are shared out, their parts added in order.
      workers.run(words.count) { slot in
        clock.busy {
          clock.products {
            head.parts.rows(slot * HeadBuffers.block..<slot * HeadBuffers.block + n).setProduct(
              Product(logits.columns(words[slot]), model.head.outputs(words[slot]), across: true))
          }
        }
      }
      let d = head.dHidden.rows(0..<n)
      d.fill(0)
      for slot in 1..<max(1, words.count) {
        head.parts.rows(0..<n).add(head.parts.rows(slot * HeadBuffers.block..<slot * HeadBuffers.block + n))
      }
      d.addRMSNormBackward(
        x: hidden, weight: model.finalNorm, inverseRMS: head.inverseRMS.rows(0..<n),
        dy: head.parts.rows(0..<n))
      for row in 0..<n {
        let target = Int(batch.lossRows[first + row])
        buffers.dResidual.rows(target..<target + 1).copy(from: d.rows(row..<row + 1))
      }
    }
    return losses
  }

  /// Logits of every row.
  func allLogits() throws -> Matrix {
    let logits = try Matrix(rows: rows, columns: c.vocabularySize)
    let output = buffers.residual(c.layerCount)
    eachRange { _, range in
      let normed = buffers.normed.rows(range)
      normed.setRMSNorm(
        of: output.rows(range), weight: model.finalNorm, epsilon: epsilon, inverseRMS: nil)
      clock.products { logits.rows(range).setProduct(Product(normed, model.head)) }
    }
    return logits
  }
}
