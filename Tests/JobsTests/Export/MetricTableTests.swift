import Foundation
import ProjectStore
import Testing

@testable import Jobs

@Suite struct MetricTableTests {
  private let point = MetricPoint(
    step: 7, trainedTokens: 1234, epoch: 0.5, wallTime: 1_790_000_000.25, value: 1.5, segment: 1)

  @Test func rowsOfBothFormats() throws {
    let csv = MetricTable(.csv)
    #expect(csv.header == "run,name,series,segment,superseded,step,trained_tokens,epoch,wall_time,value")
    #expect(
      csv.row(run: "r7k", name: "a", series: .trainLoss, point, isSuperseded: true)
        == "r7k,a,train_loss,1,true,7,1234,0.5,1790000000.25,1.5")
    let json = MetricTable(.jsonl)
    #expect(json.header == nil)
    let line = json.row(run: "r7k", name: "a\"\u{1B}", series: "x/y", point, isSuperseded: false)
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    #expect(object["name"] as? String == "a\"\u{1B}")
    #expect(object["series"] as? String == "x/y")
    #expect(object["step"] as? Int == 7)
    #expect(object["superseded"] as? Bool == false)
    #expect(object["value"] as? Double == 1.5)
  }

  @Test func namesWithCommasQuotesAndLinesAreQuoted() {
    let row = MetricTable(.csv).row(
      run: "r", name: "a,\"b\"\nc", series: .evalLoss, point, isSuperseded: false)
    #expect(row.hasPrefix("r,\"a,\"\"b\"\"\nc\",eval_loss,"))
  }

  @Test func whatIsUnknownOrNoNumberSaysSo() {
    var unknown = point
    unknown.trainedTokens = MetricPoint.unknownTokens
    unknown.epoch = .nan
    unknown.wallTime = .nan
    for (value, text) in [(Double.nan, "NaN"), (.infinity, "Infinity"), (-.infinity, "-Infinity")] {
      unknown.value = value
      let csv = MetricTable(.csv).row(run: "r", name: "a", series: .trainLoss, unknown, isSuperseded: false)
      #expect(csv == "r,a,train_loss,1,false,7,,,,\(text)")
      let json = MetricTable(.jsonl).row(
        run: "r", name: "a", series: .trainLoss, unknown, isSuperseded: false)
      #expect(json.hasSuffix(#""trained_tokens":null,"epoch":null,"wall_time":null,"value":"\#(text)"}"#))
    }
  }
}
