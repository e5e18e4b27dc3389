# Prints the service and its peers side by side, from the service's figures (the JSON that
# task-bench writes) and the peers' (a line of JSON each, as run.sh prints them). Of several runs the middle one counts.
#
# A rate is compared as service / peer and a time as peer / service: above 1 the service is ahead.

function text_of(line, key) {
    return match(line, "\"" key "\": ?\"[^\"]*\"") ? part(line, key) : ""
}
function number_of(line, key) {
    return match(line, "\"" key "\": ?[-+.0-9eE]+") ? part(line, key) : ""
}
function part(line, key,    found) {
    found = substr(line, RSTART, RLENGTH)
    sub("\"" key "\": ?", "", found)
    gsub("\"", "", found)
    return found
}
function note(who, figure, value) {
    if (value == "") return
    values[who, figure] = values[who, figure] " " value
    value_of[who, figure] = median_of(values[who, figure])
}
function median_of(list,    n, i, j, sorted, kept) {
    n = split(list, sorted, " ")
    for (i = 2; i <= n; i++) {
        kept = sorted[i] + 0
        for (j = i - 1; j >= 1 && sorted[j] + 0 > kept; j--) sorted[j + 1] = sorted[j]
        sorted[j + 1] = kept
    }
    return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

# What the service calls the figures.
function note_service(name, median, share) {
    if (name ~ /^submit by batches of 1000, /) note("service", "bench submit", median)
    else if (name == "drain by one worker") note("service", "bench drain", median)
    else if (name == "whole lives") note("service", "bench life", median)
    else if (name ~ /^pickup, sparse, p50/) note("service", "bench pickup_idle_p50", median)
    else if (name ~ /^pickup, sparse, p99/) note("service", "bench pickup_idle_p99", median)
    else if (name ~ /^pickup at 300\/s, p50/) note("service", "bench pickup_300_p50", median)
    else if (name ~ /^pickup at 300\/s, p99/) note("service", "bench pickup_300_p99", median)
    else if (name ~ /^last quarter of .*, held snapshot$/) {
        note("service", "bench last_quarter_held", median)
        if (share > 0) note("service", "bench last_quarter_free", median / share)
        note("service", "bench held_share", share)
    }
}

/"peer":/ {
    peer = text_of($0, "peer")
    if (text_of($0, "not_run") != "") reason[peer] = text_of($0, "not_run")
    else note(peer, text_of($0, "settings") " " text_of($0, "figure"), number_of($0, "value"))
    if (text_of($0, "version") != "") version[peer] = text_of($0, "version")
    next
}
/"median":/ { median = number_of($0, "median"); seen++ }
/"name":/ { name = text_of($0, "name"); seen++ }
/"share":/ { share = number_of($0, "share"); seen++ }
seen == 3 {
    note_service(name, median, share)
    seen = 0
}

function shown(who, figure, unit,    value) {
    if (!((who, figure) in value_of)) return "-"
    value = value_of[who, figure]
    return unit == "ms" ? sprintf("%.1f ms", value) : unit == "share" ? sprintf("%.2f", value) : sprintf("%.0f/s", value)
}
function ahead(peer, figure, unit,    own, other) {
    # The service has one set of settings; a peer's defaults are held against that.
    own = figure
    sub(/^defaults/, "bench", own)
    if (!(("service", own) in value_of) || !((peer, figure) in value_of)) return ""
    own = value_of["service", own]
    other = value_of[peer, figure]
    if (own <= 0 || other <= 0) return ""
    return sprintf("x%.2f", unit == "ms" ? other / own : own / other)
}
function row(label, figure, unit) {
    printf "%-44s %12s %12s %7s %12s %7s\n", label, shown("service", figure, unit), \
        shown("river", figure, unit), ahead("river", figure, unit), \
        shown("graphile", figure, unit), ahead("graphile", figure, unit)
}
END {
    printf "%-44s %12s %12s %7s %12s %7s\n", "", "service", "river", "ahead", "graphile", "ahead"
    row("submit, many in a call", "bench submit", "rate")
    row("drain of a backlog", "bench drain", "rate")
    row("whole lives", "bench life", "rate")
    row("pickup, about 8 a second, p50", "bench pickup_idle_p50", "ms")
    row("pickup, about 8 a second, p99", "bench pickup_idle_p99", "ms")
    row("pickup, 300 a second, p50", "bench pickup_300_p50", "ms")
    row("pickup, 300 a second, p99", "bench pickup_300_p99", "ms")
    row("  of which the call itself, p50", "bench call_300_p50", "ms")
    row("the same, peers' defaults: 8 a second, p50", "defaults pickup_idle_p50", "ms")
    row("  8 a second, p99", "defaults pickup_idle_p99", "ms")
    row("  300 a second, p50", "defaults pickup_300_p50", "ms")
    row("  300 a second, p99", "defaults pickup_300_p99", "ms")
    row("last quarter, nothing held", "bench last_quarter_free", "rate")
    row("last quarter, a snapshot held", "bench last_quarter_held", "rate")
    row("  share that is left", "bench held_share", "share")
    for (peer in version) printf "%s %s\n", peer, version[peer]
    for (peer in reason) printf "%s not run: %s\n", peer, reason[peer]
}
