#!/usr/bin/env python3
"""What the scripts compute, without a server: python3 benches/tests.py"""

import argparse
import os
import sys
import tempfile
import unittest
import xml.dom.minidom

import chart
import compare
import http2
import instructions
import page
import servers
from servers import REQUESTS, SERVERS, Client, Failure, Request, version


class Socket:
    """One that has received these bytes."""

    def __init__(self, received):
        self.received = received

    def recv(self, size):
        # In small pieces, as a network may.
        piece, self.received = self.received[:7], self.received[7:]
        return piece


def client(kind, received):
    one = kind.__new__(kind)
    one.socket, one.buffer = Socket(received), b""
    return one


class Page(unittest.TestCase):
    def put(self, old, marker="a"):
        with tempfile.NamedTemporaryFile("w+", suffix=".md") as file:
            file.write(old)
            file.flush()
            page.put(marker, "new\n", file.name)
            file.seek(0)
            return file.read()

    def test_text_is_put_between_its_markers(self):
        old = "x\n<!-- a: begin -->\nold\n<!-- a: end -->\ny\n<!-- b: begin -->\n<!-- b: end -->\n"
        self.assertEqual(self.put(old), old.replace("old", "new"))
        self.assertEqual(self.put(self.put(old)), old.replace("old", "new"))
        self.assertIn("<!-- b: begin -->\nnew\n<!-- b: end -->", self.put(old, "b"))

    def test_a_page_without_the_markers_is_left_alone(self):
        for old in ["", "<!-- a: begin -->\n", "<!-- a: end -->\n<!-- a: begin -->\n", "<!-- a: begin -->\n<!-- a: end -->\n" * 2]:
            with self.assertRaisesRegex(Failure, "a: begin"):
                self.put(old)

    def test_the_page_has_every_marker(self):
        with open(page.PAGE, encoding="utf-8") as file:
            text = file.read()
        for marker in ["instructions", "costs", "compare", "streams"]:
            self.assertEqual(text.count(f"<!-- {marker}: begin -->\n"), 1, marker)
            self.assertEqual(text.count(f"<!-- {marker}: end -->\n"), 1, marker)

    def test_tables_and_numbers(self):
        self.assertEqual(page.table(["a", "b"], [["x", "1"]]), "| a | b |\n|---|---:|\n| x | 1 |\n")
        self.assertEqual([page.number(value) for value in (1.2345, 12.345, 1234.6, None)], ["1.23", "12.3", "1,235", "–"])


class Chart(unittest.TestCase):
    def test_it_is_an_image_of_all_bars(self):
        text = chart.bars("a < b", [("work", [("pulsar", 2.0, "2k"), ("x & y", 1.0, "1k")]), ("nothing", [])])
        document = xml.dom.minidom.parseString(text)
        widths = [float(shape.getAttribute("width")) for shape in document.getElementsByTagName("rect")]
        self.assertEqual(widths[0], 2 * widths[1])
        self.assertEqual([shape.getAttribute("class") for shape in document.getElementsByTagName("rect")], ["bar ours", "bar"])
        self.assertIn("prefers-color-scheme: dark", text)


class Results(unittest.TestCase):
    def test_ratios_are_formed_within_a_round(self):
        raw, ours = SERVERS[:2]
        results = compare.Results(1, [raw, ours])
        # The machine is half as fast in the second round, for both.
        results.figures["json", raw.name] = [compare.Figures(rate, 1, 1) for rate in (100, 50, 100)]
        results.figures["json", ours.name] = [compare.Figures(rate, 2, 1) for rate in (80, 40, 90)]
        self.assertEqual(results.ratio("json", ours, "rate"), 0.8)
        self.assertEqual(results.ratio("json", ours, "cost"), 2)
        self.assertEqual(results.median("json", ours, "rate"), 80)
        self.assertEqual([server.name for server in results.rows("json")], [raw.name, ours.name])
        results.memory = {raw.name: [3.0], ours.name: [9.0, 7.0, 8.0]}
        text = compare.text_of(results, argparse.Namespace(work=["json"]))
        self.assertIn("| **pulsar** | 80.0 | 0.80 | 2.00 | 2.00 | 1.00 |", text)
        self.assertIn("| pulsar | 8.0 |", text)

    def test_servers_are_chosen_by_name_and_the_first_is_always_there(self):
        self.assertEqual([server.name for server in compare.chosen(SERVERS, "axum,pulsar")], ["hyper_raw", "pulsar", "axum"])
        with self.assertRaisesRegex(Failure, "no server is called apache; there are: hyper_raw, pulsar"):
            compare.chosen(SERVERS, "apache")

    def test_every_crate_that_is_named_has_a_version(self):
        self.assertRegex(compare.versions(SERVERS), r"^hyper 1\.\d+\.\d+, pulsar \d+\.\d+\.\d+, axum ")
        self.assertEqual(version("pulsar").count("."), 2)


class Counts(unittest.TestCase):
    def test_what_has_grown_too_much_is_named(self):
        stored = {"json": {"ratio": 2.0}, "echo": {"ratio": 2.0}, "user": {"ratio": 2.0}}
        counts = {"json": (1000, 2059), "echo": (1000, 2061), "user": (1000, 1500), "wsgi": (1000, 3000)}
        report, dear = instructions.compare(counts, stored)
        self.assertEqual(dear, ["echo"])
        self.assertRegex(report, r"echo +1,000 +2,061 +2\.061 +2\.000 +\+3\.0%")
        self.assertRegex(report, r"wsgi +1,000 +3,000 +3\.000\n?$")

    def test_costs_are_beside_those_of_hyper(self):
        text = instructions.costs_text((2000, 1000), {"the request": [("more", 100.4, 60.0), ("same", -4.0, None)]})
        self.assertIn("| **`GET /plaintext`**, settings as they come | 2,000 |  | 1,000 |", text)
        self.assertIn("| more | +100 | +5 % | +60 |\n| same | -4 | 0 % |  |\n", text)

    def test_stored_counts_are_those_of_this_file(self):
        self.assertEqual(list(instructions.stored_counts()), list(REQUESTS))
        for work, stored in instructions.stored_counts().items():
            self.assertAlmostEqual(stored["pulsar"] / stored["hyper_raw"], stored["ratio"], 3, work)


WRONG = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"no!")
http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
"""
STUBBORN = """
import signal, socket, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"])
listener = socket.create_server(("127.0.0.1", PORT))
signal.pause()
"""


class Processes(unittest.TestCase):
    def line(self, program):
        port = servers.free_port()
        return [sys.executable, "-c", program.replace("PORT", str(port))], port

    def test_a_server_that_ends_is_told_with_what_it_said(self):
        line, port = self.line("import sys; sys.exit('there is no PORT for me')")
        with self.assertRaisesRegex(Failure, f"(?s)short has ended with 1.*there is no {port} for me"):
            with servers.running("short", line, port):
                self.fail("it does not listen")

    def test_a_wrong_answer_is_told(self):
        line, port = self.line(WRONG)
        with servers.running("wrong", line, port) as server:
            with self.assertRaisesRegex(Failure, "wrong answers GET /plaintext with 200 text/plain b'no!', not 200 text/plain"):
                servers.check(server, REQUESTS["plaintext"])
            servers.check(server, Request("/", "text/plain", "no!"), 4)
            self.assertGreater(servers.processor_time(server.pid), 0)
            self.assertGreater(servers.memory(server.pid), 0.1)
        self.assertIsNotNone(server.process.returncode)

    def test_what_does_not_end_is_killed_with_all_that_it_started(self):
        line, port = self.line(STUBBORN)
        with servers.running("stubborn", line, port, patience=20) as server:
            family = servers.tree(server.pid)
            self.assertEqual(len(family), 2)
            servers.end(server.process, patience=0.1)
        self.assertTrue(all(servers.has_ended(pid) for pid in family))
        self.assertFalse(servers.has_ended(os.getpid()))


class Clients(unittest.TestCase):
    def test_a_request_has_what_is_needed(self):
        request = Request("/x", "text/plain", "", "POST", b"ab", [("X-Y", "z")])
        fields = "Host: 127.0.0.1:80\r\nX-Y: z\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
        self.assertEqual(request.bytes(80).decode(), f"POST /x HTTP/1.1\r\n{fields}\r\nab")

    def test_answers_are_read_one_by_one(self):
        one = client(Client, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab" b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
        self.assertEqual(one.answer("GET"), (200, {"content-length": "2"}, b"ab"))
        self.assertEqual(one.answer("GET")[0], 404)
        with self.assertRaisesRegex(Failure, "closed"):
            one.answer("GET")

    def test_chunks_are_put_together_and_head_has_no_body(self):
        one = client(Client, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n" b"HTTP/1.1 204 x\r\n\r\n")
        self.assertEqual(one.answer("GET")[2], b"abc")
        self.assertEqual(one.answer("GET"), (204, {}, b""))
        self.assertEqual(client(Client, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").answer("HEAD")[2], b"")

    def test_frames_of_http2(self):
        one = client(http2.Client, http2.frame(http2.DATA, http2.END_STREAM, 5, b"abc"))
        self.assertEqual(one.frame(), (http2.DATA, http2.END_STREAM, 5, b"abc"))
        self.assertEqual(http2.literal(http2.PATH, b"/x"), b"\x04\x02/x")


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.realpath(__file__)))
    unittest.main()
