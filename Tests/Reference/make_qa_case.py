#!/usr/bin/env python3
"""Write qa_case.jsonl: the rows of the QA benchmark, the same for our engine and for PyTorch.

    python make_qa_case.py [--model HF_FOLDER]     the folder's tokenizer then proves the lengths

128 question–answer pairs about sizing a data centre; the numbers are computed, so the answers are right.
Step s of the benchmark takes rows 8s … 8s+7 (from the start again after row 127). With SmolLM2's tokenizer
and the ChatML template with its system prompt each row renders to 64–128 tokens, up to and with the
<|im_end|> of the answer; about a third of them (the answer and its <|im_end|>) have a loss. The eight rows of
a step are of eight different kinds, so that they share no more of a prefix than the system prompt.
"""

import argparse
import json
import sys
from pathlib import Path

ROWS = Path(__file__).resolve().parent / "qa_case.jsonl"
VARIANTS = 8


def rack_current(i):
    servers, watts = 10 + 2 * i, 350 + 40 * i
    total = servers * watts
    return (
        f"A rack holds {servers} servers, each of which draws {watts} watts under load. It is fed with 230 "
        "volts on one phase and the power factor is close to one. What current flows?",
        f"Together the servers draw {total} watts. Divided by 230 volts that is about {total / 230:.0f} "
        "amperes.")


def usage_effectiveness(i):
    it, total = 400 + 50 * i, round((400 + 50 * i) * (1.7 - 0.06 * i))
    return (
        f"Over a year, the meters show an average of {it} kilowatts at the servers and {total} kilowatts at "
        "the utility feed. What is the power usage effectiveness?",
        f"It is the total power divided by the power of the IT equipment, here {total / it:.2f}. "
        "The lower it is, the better.")


def air_flow(i):
    kilowatts, rise = 5 + 2 * i, 10 + i % 4
    flow = kilowatts * 1000 / (1.2 * 1005 * rise) * 3600
    return (
        f"How much cold air does a cabinet of {kilowatts} kilowatts need if the air may warm up by {rise} "
        "kelvin on its way through?",
        "With 1206 joules per cubic metre and kelvin, it is about "
        f"{round(flow, -2):.0f} cubic metres an hour.")


def battery_minutes(i):
    energy, load = 20 + 5 * i, 60 + 20 * i
    return (
        f"Our power supply has batteries with {energy} usable kilowatt-hours, and its inverter loses about "
        f"five percent. How long can it carry {load} kilowatts after the mains fail?",
        f"Of the energy, {energy * 0.95:.1f} kilowatt-hours reach the load. At {load} kilowatts they last "
        f"about {energy * 0.95 / load * 60:.0f} minutes.")


def raid_capacity(i):
    disks, size = 8 + 2 * i, (8, 12, 16, 20)[i % 4]
    return (
        f"Someone builds a RAID 6 array from {disks} disks of {size} terabytes. How much is usable?",
        f"Two disks hold parity, so {disks - 2} disks or {(disks - 2) * size} terabytes. Any "
        "two disks may fail.")


def erasure_coding(i):
    data, parity = 4 + i, 2 + i % 3
    return (
        f"Compare storing three full copies of every object with an erasure code of {data} data and "
        f"{parity} parity fragments. How much raw space does each scheme need for one terabyte of user "
        "data, and how many losses does it survive?",
        "Three copies need three terabytes and survive two losses. The code needs "
        f"{(data + parity) / data:.2f} terabytes and survives {parity} losses, but repairs are slower.")


def transfer_minutes(i):
    size, speed = 2 + 3 * i, (10, 25, 40, 100)[i % 4]
    return (
        f"Moving {size} terabytes over a link of {speed} gigabits per second takes how long, if the "
        "protocol reaches eighty percent of the line rate?",
        f"The link carries {speed * 0.8:g} gigabits per second, so it takes about "
        f"{size * 8000 / (speed * 0.8) / 60:.0f} minutes. Slow disks make it longer.")


def oversubscription(i):
    ports, uplinks = 24 + 8 * (i % 4), 2 + i // 2
    down, up = ports * 25, uplinks * 100
    verdict = "nothing is oversubscribed." if down <= up else "beyond it packets queue up."
    return (
        f"A leaf switch offers {ports} ports of 25 gigabits per second to its servers and has {uplinks} "
        "uplinks of 100 gigabits per second to the spines. By which factor is it oversubscribed?",
        f"The servers can send {down} gigabits per second, while the uplinks take {up}. The ratio is "
        f"{down / up:.2f} to one; {verdict}")


def fibre_latency(i):
    kilometres = 20 + 35 * i
    return (
        f"Two sites are joined by {kilometres} kilometres of optical fibre. Which round-trip time is the "
        "least that physics allows?",
        "Light needs about five microseconds per kilometre of glass, thus "
        f"{kilometres * 10 / 1000:.2f} milliseconds there and back. Switches add more.")


def optical_budget(i):
    length, plugs = 5 + i, 2 + i % 3
    loss = length * 0.35 + plugs * 0.5
    return (
        "The transmitter of an optic sends at minus 3 dBm and its receiver needs minus 14 dBm. The route "
        f"has {length} kilometres of fibre with 0.35 decibels of loss per kilometre, and {plugs} connectors "
        "with half a decibel each. Which margin remains?",
        f"The budget is 11 decibels. The route loses {loss:.2f} decibels, so the margin is "
        f"{11 - loss:.2f} decibels.")


def downtime(i):
    percent = (99.0, 99.5, 99.671, 99.741, 99.9, 99.95, 99.982, 99.99)[i]
    hours = (100 - percent) / 100 * 8766
    amount = f"{hours:.1f} hours" if hours >= 2 else f"{hours * 60:.0f} minutes"
    return (
        f"A provider promises an availability of {percent} percent. How much downtime per year is that?",
        f"The year has 8766 hours; the rest is about {amount}. Announced maintenance often does not count.")


def parallel_paths(i):
    percent = (98, 98.5, 99, 99.2, 99.4, 99.5, 99.7, 99.9)[i]
    both = (1 - percent / 100) ** 2
    return (
        f"Each of two power paths is available {percent} percent of the time. If they fail independently "
        "and one is enough, what is the availability of both together?",
        f"Both are down {both * 100:.4f} percent of the time, so one works {100 - both * 100:.4f} percent. "
        "In reality, faults have common causes.")


def generator_hours(i):
    tank, rate = 3000 + 800 * i, 140 + 25 * i
    return (
        f"The diesel generator behind the building burns {rate} litres of fuel per hour at this load, and "
        f"its tank holds {tank} litres, a tenth of which cannot be used. How long can the site run before "
        "a delivery must arrive?",
        f"Of the tank, {tank * 0.9:.0f} litres are usable. At {rate} litres per hour they last about "
        f"{tank * 0.9 / rate:.0f} hours.")


def water_flow(i):
    kilowatts, rise = 40 + 15 * i, 6 + i % 5
    return (
        f"Which water flow removes {kilowatts} kilowatts when the water enters at 30 degrees Celsius and "
        f"leaves at {30 + rise}?",
        f"With 4.19 kilojoules per kilogram and kelvin, a rise of {rise} kelvin takes about "
        f"{kilowatts / 4.19 / rise:.1f} litres per second.")


def drive_failures(i):
    drives, rate = 600 + 300 * i, (0.8, 1.0, 1.2, 1.5)[i % 4]
    failures = drives * rate / 100
    return (
        f"With {drives} hard drives and an annualised failure rate of {rate} percent, how many spares "
        "should the operations team expect to use in a year?",
        f"About {failures:.0f} drives will fail, one every {365 / failures:.0f} days or so. Order a few "
        "more, because failures come in clusters.")


def subnet_size(i):
    prefix = 20 + i
    addresses = 2 ** (32 - prefix)
    return (
        f"I was given an IPv4 subnet with a prefix length of {prefix}. How many hosts can I number?",
        f"It has {addresses} addresses. Two are reserved, so {addresses - 2} hosts can be numbered.")


KINDS = [
    rack_current, erasure_coding, subnet_size, optical_budget, usage_effectiveness, battery_minutes,
    raid_capacity, parallel_paths, oversubscription, air_flow, drive_failures, downtime, generator_hours,
    water_flow, fibre_latency, transfer_minutes,
]


def rows():
    for i in range(VARIANTS):
        for kind in KINDS:
            question, answer = kind(i)
            yield {"question": question, "answer": answer}


def report_lengths(folder: Path):
    from pytorch_lora import chatml_row
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    rendered = [chatml_row(tokenizer, row["question"], row["answer"]) for row in rows()]
    lengths = [len(ids) for ids, _ in rendered]
    trained = sum(len(ids) - start for ids, start in rendered)
    steps = [lengths[i:i + 8] for i in range(0, len(lengths), 8)]
    padded = [8 * max(step) for step in steps]
    print(f"{len(lengths)} rows of {min(lengths)}–{max(lengths)} tokens, {sum(lengths) / len(lengths):.1f} "
          f"on average, {trained / sum(lengths):.1%} with a loss; per step {min(map(sum, steps))}–"
          f"{max(map(sum, steps))} tokens, padded {min(padded)}–{max(padded)}")
    if min(lengths) < 64 or max(lengths) > 128:
        raise SystemExit("a row is not 64–128 tokens long")


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the rows of the QA benchmark.")
    parser.add_argument("--model", type=Path, help="Hugging Face folder whose tokenizer proves the lengths")
    arguments = parser.parse_args()
    ROWS.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    if arguments.model:
        report_lengths(arguments.model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
