"""Prometheus reads a running server: it takes the text, loads the rules, and answers what the dashboard asks.

    prometheus.py PROMETHEUS METRICS PROMTOOL DASHBOARD
"""
import json
import subprocess
import sys
import urllib.parse
import urllib.request

from common import EXCHANGE_LIMIT_S, call, must, passed, until

prometheus, metrics, promtool, dashboard = sys.argv[1:]

# What may have no answer while nothing goes wrong, or before the daily sums are counted.
MAY_BE_EMPTY = ["no_answer|not_understood|not_sent", "redress_refunds_total"]


def ask(query):
    return call("GET", f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}", None, {})


def result(query):
    status, answer = ask(query)
    must(status == 200 and answer["status"] == "success", f"{query}: {status} {answer}")
    return answer["data"]["result"]


opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
text = opener.open(metrics, timeout=EXCHANGE_LIMIT_S).read()
linted = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True,
                        timeout=EXCHANGE_LIMIT_S)
must(linted.returncode == 0, f"promtool check metrics: {linted.stdout.decode()} {linted.stderr.decode()}")

# It listens before its store is open, and answers no question until then.
until("ready Prometheus", lambda: call("GET", f"{prometheus}/-/ready", None, {})[0] == 200)
until("third reading of the server", lambda: any(int(one["value"][1]) >= 3 for one in result("sum_over_time(up[1m])")))


def rules():
    status, answer = call("GET", f"{prometheus}/api/v1/rules", None, {})
    must(status == 200, f"rules: {status} {answer}")
    return [rule for group in answer["data"]["groups"] for rule in group["rules"]]


until("run of all rules", lambda: rules() and all(rule["health"] != "unknown" for rule in rules()))
ill = [rule for rule in rules() if rule["health"] != "ok"]
must(not ill, f"rules that cannot be run: {ill}")

with open(dashboard, encoding="utf-8") as file:
    panels = json.load(file)["panels"]
asked = [target["expr"] for panel in panels for target in panel.get("targets", [])]


def empty():
    found = []
    for query in asked:
        concrete = query.replace("$__rate_interval", "1m").replace("$job", ".*").replace("$instance", ".*")
        must("$" not in concrete, f"a variable that nobody fills: {query}")
        if not result(concrete) and not any(part in query for part in MAY_BE_EMPTY) and not query.endswith("> 0"):
            found.append(query)
    return found


# A rate needs two readings of the last minute: after a standstill they are still to come.
until("answer to every question", lambda: not empty(), told=empty)

status, _ = ask("sum by (psp) (rate(redress_psp_exchanges_total[1m])")
must(status == 400, f"a question that is no PromQL is answered {status}")
passed(f"{len(rules())} rules run, {len(asked)} questions of the dashboard answered")
