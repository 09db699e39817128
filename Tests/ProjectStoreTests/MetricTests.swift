import Foundation
import Testing

@testable import ProjectStore

@Suite struct MetricTests {
  @Test func anyValueSurvives() throws {
    let project = try TemporaryProject()
    let run = try project.run()
    let values = [1.5, .nan, .infinity, -.infinity, 0, -0.0, 1e-300, 1e308, .leastNonzeroMagnitude, 3]
    try project.store.append(values.enumerated().map { (.trainLoss, point($0, $1)) }, run: run.id)
    let slice = try project.another().metrics(run: run.id, series: .trainLoss)
    #expect(slice.points.count == values.count && slice.lastSequence == values.count)
    for (read, written) in zip(slice.points, values) {
      #expect(read.value == written || (read.value.isNaN && written.isNaN))
    }
    #expect(slice.points[9] == point(9, 3))
  }

  @Test func seriesAreReadOnFromTheLastPointSeen() throws {
    let project = try TemporaryProject()
    let (first, second) = (try project.run(), try project.run(name: "conceptual-60"))
    let reader = try project.another()
    #expect(try reader.metrics(run: first.id, series: .trainLoss) == MetricSlice(points: [], lastSequence: 0))

    try project.store.append(
      [(.trainLoss, point(1, 3)), (.learningRate, point(1, 2e-4)), (.trainLoss, point(2, 2.5))], run: first.id
    )
    try project.store.append([(.trainLoss, point(1, 9))], run: second.id)
    let seen = try reader.metrics(run: first.id, series: .trainLoss)
    #expect(seen.points.map(\.value) == [3, 2.5])
    let none = try reader.metrics(run: first.id, series: .trainLoss, afterSequence: seen.lastSequence)
    #expect(none == MetricSlice(points: [], lastSequence: 2))

    // The other side appends too: numbers go on.
    try reader.append([(.trainLoss, point(3, 2)), (.trainLoss, point(3, 1.9, segment: 1))], run: first.id)
    let new = try project.store.metrics(run: first.id, series: .trainLoss, afterSequence: seen.lastSequence)
    #expect(new.points == [point(3, 2), point(3, 1.9, segment: 1)] && new.lastSequence == 4)
    let bite = try reader.metrics(run: first.id, series: .trainLoss, afterSequence: 1, limit: 2)
    #expect(bite.points.map(\.value) == [2.5, 2] && bite.lastSequence == 3)
    #expect(
      try reader.metricSeries(run: first.id) == [
        MetricSeries(name: .learningRate, count: 1), MetricSeries(name: .trainLoss, count: 4),
      ])
  }

  @Test(arguments: [1, 7, 22, 23, 1000])
  func anyBiteOfAnyBatchesIsWhole(bite: Int) throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    var written: [MetricPoint] = []
    for batch in [1, 1, 21, 22, 23, 44, 45, 100] {
      let points = (0..<batch).map { point(written.count + $0, .random(in: 0..<3), segment: $0) }
      try project.store.append(points.map { (.trainLoss, $0) }, run: run)
      written += points
    }
    var read = MetricSlice(points: [], lastSequence: 0)
    while read.lastSequence < written.count {
      let next = try project.store.metrics(
        run: run, series: .trainLoss, afterSequence: read.lastSequence, limit: bite)
      #expect(next.points.count == min(bite, written.count - read.lastSequence))
      #expect(next.lastSequence == read.lastSequence + next.points.count)
      read = MetricSlice(points: read.points + next.points, lastSequence: next.lastSequence)
    }
    #expect(read.points == written)
    #expect(try project.store.metrics(run: run, series: .trainLoss, limit: 0).points.isEmpty)
    #expect(try project.store.metrics(run: run, series: .trainLoss, afterSequence: .max).points.isEmpty)
    #expect(try project.store.metrics(run: run, series: .trainLoss, afterSequence: .min).points == written)
  }

  @Test func aDamagedChunkIsNoCrash() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    try project.store.append((0..<30).map { (.trainLoss, point($0, 1)) }, run: run)
    try project.store.write { db in
      try db.execute(sql: "UPDATE metric_chunk SET points = substr(points, 1, 100)")
    }
    let points = try project.store.metrics(run: run, series: .trainLoss).points
    #expect(points.count == 4 && points.allSatisfy { $0.value == 1 })
    // Reading on does not go over it again.
    #expect(try project.store.metrics(run: run, series: .trainLoss).lastSequence == 30)
    try project.store.write { db in try db.execute(sql: "DELETE FROM metric_chunk") }
    #expect(
      try project.store.metrics(run: run, series: .trainLoss) == MetricSlice(points: [], lastSequence: 30))
  }

  @Test func aSampleReachesFromWhereItBeginsToTheEnd() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    #expect(try project.store.sampleMetrics(run: run, series: .trainLoss, rowCount: 5).isEmpty)
    try project.store.append((1...1000).map { (.trainLoss, point($0, 1)) }, run: run)
    let sample = try project.store.sampleMetrics(
      run: run, series: .trainLoss, afterSequence: 500, rowCount: 5
    ).map(\.step)
    #expect(sample.count == 4 * 22 + 10 && sample.last == 1000 && sample.allSatisfy { $0 > 500 })
    #expect(zip(sample, sample.dropFirst()).allSatisfy { $0 < $1 })
    // Of few rows, each once.
    let all = try project.store.sampleMetrics(run: run, series: .trainLoss, rowCount: 5000)
    #expect(all.map(\.step) == Array(1...1000))
  }

  @Test func theNewestPointIsFoundWithoutTheOthers() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    #expect(try project.store.newestMetric(run: run, series: .trainLoss) == nil)
    try project.store.append((0..<100).map { (.trainLoss, point($0, 1)) }, run: run)
    #expect(try project.store.newestMetric(run: run, series: .trainLoss) == point(99, 1))
    #expect(try project.store.newestMetric(run: run, series: .evalLoss) == nil)
  }

  @Test func pointsOfNoRunAreRefused() throws {
    let project = try TemporaryProject()
    #expect(throws: StoreError.noSuchRun("r000")) {
      try project.store.append([(.trainLoss, point(1, 1))], run: "r000")
    }
  }

  /// A reader never waits for the writer, and never sees half of a batch.
  @Test func aReaderBesideAWriterSeesWholeBatches() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    let (writer, reader) = (project.store, try project.another())
    DispatchQueue.concurrentPerform(iterations: 2) { side in
      do {
        if side == 0 {
          for batch in 0..<100 {
            try writer.append((0..<10).map { (.trainLoss, point(batch * 10 + $0, 1)) }, run: run)
          }
        } else {
          var steps: [Int] = []
          while steps.count < 1000 {
            let slice = try reader.metrics(run: run, series: .trainLoss, afterSequence: steps.count)
            #expect(slice.points.count % 10 == 0)
            steps += slice.points.map(\.step)
          }
          #expect(steps == Array(0..<1000))
        }
      } catch {
        Issue.record(error)
      }
    }
  }
}

@Suite struct RunRecorderTests {
  @Test func oneFlushWritesAllSorts() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    let recorder = RunRecorder(store: project.store, run: run, queue: DispatchQueue(label: "worker"))
    try recorder.record([(.trainLoss, point(1, 3)), (.gradientNorm, point(1, 0.5))])
    try recorder.record(RunEvent(run: run, step: 1, kind: .started, message: "Started."))
    try recorder.update { $0.step = 1 }
    try recorder.update { $0.step += 1 }
    try recorder.flush()
    let reader = try project.another()
    #expect(try reader.run(run).step == 2)
    #expect(try reader.events(run: run).map(\.kind) == [.started])
    #expect(try reader.metricSeries(run: run).count == 2)
    // Nothing is left to be written twice.
    try recorder.flush()
    #expect(try reader.metrics(run: run, series: .trainLoss).points.count == 1)
  }

  @Test(.timeLimit(.minutes(1)))
  func aBatchIsWrittenWhenItIsOld() async throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    let changes = try Changes(of: project.another())
    let recorder = RunRecorder(store: project.store, run: run, queue: DispatchQueue(label: "worker"))
    try recorder.record([(.trainLoss, point(1, 3))])
    for await _ in changes.stream where try project.store.metricSeries(run: run).count == 1 { break }
    try recorder.record([(.trainLoss, point(2, 2))])
    for await _ in changes.stream where try project.store.metricSeries(run: run)[0].count == 2 { break }
    #expect(try project.store.metrics(run: run, series: .trainLoss).points.map(\.value) == [3, 2])
  }

  @Test func aFullBatchIsWrittenAtOnce() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    let recorder = RunRecorder(store: project.store, run: run, queue: DispatchQueue(label: "worker"))
    try recorder.record((1...RunRecorder.capacity).map { (.trainLoss, point($0, 1)) })
    #expect(try project.store.metricSeries(run: run).first?.count == RunRecorder.capacity)
  }

  @Test func aFailedBatchIsKept() throws {
    let project = try TemporaryProject()
    let run = try project.run().id
    let recorder = RunRecorder(store: project.store, run: run, queue: DispatchQueue(label: "worker"))
    try project.store.onWriter { db in
      try db.execute(sql: "PRAGMA query_only = 1")
    }
    try recorder.record([(.trainLoss, point(1, 3))])
    #expect(throws: StoreError.self) { try recorder.flush() }
    try project.store.onWriter { db in
      try db.execute(sql: "PRAGMA query_only = 0")
    }
    try recorder.flush()
    #expect(try project.store.metrics(run: run, series: .trainLoss).points == [point(1, 3)])
  }
}
