//! What goes in as arguments and what comes out as JSON, for every sort of type.

mod common;

use common::{ask, gives_up, plugin, postgres, run};
use serde_json::json;

#[tokio::test]
async fn values_come_out_as_the_table_says() {
    let postgres = postgres().await;
    postgres
        .execute(
            "shop",
            "create type mood as enum ('sad', 'happy'); create domain positive as int check (value > 0);
             create type point3 as (x int, y int, note text); create extension if not exists citext;",
        )
        .await
        .unwrap();
    let plugin = plugin(&postgres);
    for (sql, expected, kind) in [
        ("true", json!(true), "bool"),
        ("null::int", json!(null), "int4"),
        ("(-7)::int2", json!(-7), "int2"),
        ("2147483647", json!(2_147_483_647), "int4"),
        ("9007199254740991", json!(9_007_199_254_740_991_i64), "int8"),
        ("9007199254740992", json!("9007199254740992"), "int8"),
        ("(-9223372036854775808)::int8", json!("-9223372036854775808"), "int8"),
        ("4294967295::oid", json!(4_294_967_295_u32), "oid"),
        ("12345678901234567890.1230", json!("12345678901234567890.1230"), "numeric"),
        ("'NaN'::numeric", json!("NaN"), "numeric"),
        ("0.1::float4", json!(0.1), "float4"),
        ("0.1::float8", json!(0.1), "float8"),
        ("'-Infinity'::float8", json!("-Infinity"), "float8"),
        ("'NaN'::float4", json!("NaN"), "float4"),
        ("'a''b \u{1F980}'", json!("a'b \u{1F980}"), "text"),
        ("'x'::varchar(3)", json!("x"), "varchar"),
        ("'x'::char(3)", json!("x  "), "char"),
        ("'x'::\"char\"", json!("x"), "\"char\""),
        ("'X'::citext", json!("X"), "citext"),
        ("'\\x00ff10'::bytea", json!("AP8Q"), "bytea"),
        ("repeat('a', 100)::bytea", json!(base64_of_100_a()), "bytea"),
        ("'2024-02-29 13:14:15.25+02'::timestamptz", json!("2024-02-29T11:14:15.25+00:00"), "timestamptz"),
        ("'infinity'::timestamptz", json!("infinity"), "timestamptz"),
        ("'2024-02-29 13:14:15'::timestamp", json!("2024-02-29T13:14:15"), "timestamp"),
        ("'2024-02-29'::date", json!("2024-02-29"), "date"),
        ("'13:14:15'::time", json!("13:14:15"), "time"),
        ("'1 day 02:00'::interval", json!("1 day 02:00:00"), "interval"),
        (
            "'2f1b2c3d-0000-4000-8000-00000000000a'::uuid",
            json!("2f1b2c3d-0000-4000-8000-00000000000a"),
            "uuid",
        ),
        ("'{\"b\": [1, null], \"a\": 1.50}'::json", json!({"b": [1, null], "a": 1.5}), "json"),
        ("'{\"a\": true}'::jsonb", json!({"a": true}), "jsonb"),
        ("'{\"a\": 1, \"a\": 2}'::json", json!("{\"a\": 1, \"a\": 2}"), "json"),
        ("'\"\\u0000\"'::json", json!("\"\\u0000\""), "json"),
        ("array[1, null, 3]", json!([1, null, 3]), "int4[]"),
        ("array[[1, 2], [3, 4]]", json!([[1, 2], [3, 4]]), "int4[]"),
        ("array['a,b', 'c\"d']", json!(["a,b", "c\"d"]), "text[]"),
        ("array[1.10, 2]::numeric[]", json!(["1.10", "2"]), "numeric[]"),
        ("'{}'::text[]", json!([]), "text[]"),
        ("'happy'::mood", json!("happy"), "mood"),
        ("array['happy']::mood[]", json!(["happy"]), "mood[]"),
        ("5::positive", json!(5), "int4"),
        ("row(1, 2, 'n')::point3", json!({"x": 1, "y": 2, "note": "n"}), "point3"),
        ("'192.168.0.1/24'::inet", json!("192.168.0.1/24"), "inet"),
        ("'[1,5)'::int4range", json!("[1,5)"), "int4range"),
        ("'b'::tsvector", json!("'b'"), "tsvector"),
        ("'1.50'::money::numeric", json!("1.50"), "numeric"),
        ("b'101'", json!("101"), "bit"),
        ("'pg_class'::regclass", json!("pg_class"), "regclass"),
        ("'0/16B3748'::pg_lsn", json!("0/16B3748"), "pg_lsn"),
        ("pg_sleep(0)", json!(null), "void"),
    ] {
        let answer =
            ask(&plugin, &format!("select {sql} as v")).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert_eq!(answer["rows"], json!([{ "v": expected }]), "{sql}");
        assert_eq!(answer["columns"], json!([{ "name": "v", "type": kind }]), "{sql}");
    }
}

fn base64_of_100_a() -> String {
    // 100 bytes are 33 groups of three and one byte more.
    format!("{}YQ==", "YWFh".repeat(33))
}

#[tokio::test]
async fn json_that_is_too_deep_for_a_result_comes_as_text() {
    let postgres = postgres().await;
    let plugin = plugin(&postgres);
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for (levels, is_text) in [(61, false), (62, true), (200, true)] {
        let answer = run(&plugin, &json!({"query": "select $1::text::json v", "args": [deep(levels)]})).await;
        assert_eq!(answer.unwrap()["rows"][0]["v"].is_string(), is_text, "{levels}");
    }
}

#[tokio::test]
async fn every_shape_of_statement_gives_rows() {
    let postgres = postgres().await;
    let plugin = plugin(&postgres);
    for (sql, first) in [
        ("values (1, 'a'), (2, 'b')", json!({"column1": 1, "column2": "a"})),
        ("with x as (select 1 as a) select * from x -- the end", json!({"a": 1})),
        ("select 1 as a, 2 as a, 3 as a_2, 4 as a;", json!({"a": 1, "a_3": 2, "a_2": 3, "a_4": 4})),
        ("select 1", json!({"?column?": 1})),
        ("show timezone", json!({"TimeZone": "UTC"})),
        ("explain select 1", json!({"QUERY PLAN": "Result  (cost=0.00..0.01 rows=1 width=4)"})),
        ("table note", json!(null)),
    ] {
        let answer = ask(&plugin, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert_eq!(answer["rows"].get(0).cloned().unwrap_or_default(), first, "{sql}");
        assert_eq!(answer["truncated"], json!(false));
        assert!(answer.get("rows_affected").is_none());
    }
    let empty = ask(&plugin, "select id, name from item where false").await.unwrap();
    assert_eq!(empty["columns"], json!([{"name": "id", "type": "int8"}, {"name": "name", "type": "text"}]));
    assert_eq!(empty["row_count"], json!(0));
}

#[tokio::test]
async fn arguments_become_what_the_query_wants() {
    let postgres = postgres().await;
    postgres
        .execute("shop", "create type mood as enum ('sad', 'happy'); create type \"Odd name\" as enum ('a');")
        .await
        .unwrap();
    let plugin = plugin(&postgres);
    for (sql, arg, expected) in [
        ("select $1 as v", json!("text"), json!("text")),
        ("select name as v from item where id = $1", json!(7), json!("item 7")),
        ("select name as v from item where id = $1", json!("7"), json!("item 7")),
        ("select $1::bool as v", json!(false), json!(false)),
        ("select $1::float8 as v", json!(1.5e3), json!(1500.0)),
        ("select $1::numeric as v", json!("0.12345678901234567890"), json!("0.12345678901234567890")),
        ("select $1::date + 1 as v", json!("2024-02-28"), json!("2024-02-29")),
        ("select $1::timestamptz as v", json!("2024-02-29T12:00:00Z"), json!("2024-02-29T12:00:00+00:00")),
        ("select $1::interval as v", json!("90 minutes"), json!("01:30:00")),
        (
            "select $1::uuid as v",
            json!("2F1B2C3D-0000-4000-8000-00000000000A"),
            json!("2f1b2c3d-0000-4000-8000-00000000000a"),
        ),
        ("select $1::jsonb as v", json!({"a": [1]}), json!({"a": [1]})),
        ("select $1::jsonb as v", json!([1, "x"]), json!([1, "x"])),
        ("select $1::jsonb as v", json!("text"), json!("text")),
        ("select $1::jsonb is null as v", json!(null), json!(true)),
        ("select $1::int is null as v", json!(null), json!(true)),
        ("select $1::int[] as v", json!([1, null, 3]), json!([1, null, 3])),
        ("select $1::int[] as v", json!([[1, 2], [3, 4]]), json!([[1, 2], [3, 4]])),
        ("select $1::int[] as v", json!("{1,2}"), json!([1, 2])),
        (
            "select $1::text[] as v",
            json!(["a,b", "q\"\\ ", "NULL", null, ""]),
            json!(["a,b", "q\"\\ ", "NULL", null, ""]),
        ),
        ("select $1::jsonb[] as v", json!([{"a": 1}, [2]]), json!([{"a": 1}, [2]])),
        ("select count(*) as v from item where id = any($1)", json!([1, 2, 3, 9999]), json!(3)),
        ("select $1::mood as v", json!("sad"), json!("sad")),
        ("select $1::\"Odd name\" as v", json!("a"), json!("a")),
        ("select $1::inet as v", json!("10.0.0.1"), json!("10.0.0.1")),
        ("select $1::bytea as v", json!("\\x00ff"), json!("AP8=")),
        ("select $1::text as v", json!("'; drop table item; --"), json!("'; drop table item; --")),
    ] {
        let answer = run(&plugin, &json!({"query": sql, "args": [arg]})).await;
        let answer = answer.unwrap_or_else(|e| panic!("{sql} with {arg}: {e}"));
        assert_eq!(answer["rows"], json!([{ "v": expected }]), "{sql} with {arg}");
    }
}

#[tokio::test]
async fn a_number_keeps_its_digits_on_the_way_in() {
    let postgres = postgres().await;
    let plugin = plugin(&postgres);
    let text = r"[12345678901234567890.12345, 9007199254740993]";
    let answer =
        run(&plugin, &json!({"query": "select $1::numeric a, $2::int8 b", "args": text})).await.unwrap();
    assert_eq!(answer["rows"], json!([{"a": "12345678901234567890.12345", "b": "9007199254740993"}]));
}

#[tokio::test]
async fn arguments_that_do_not_fit_say_so() {
    let postgres = postgres().await;
    let plugin = plugin(&postgres);
    for (sql, args, words) in [
        ("select $1::int", json!(["abc"]), "invalid input syntax for type integer: \"abc\""),
        ("select $1::int", json!([1.5]), "invalid input syntax for type integer: \"1.5\""),
        ("select $1::int", json!([99_999_999_999_i64]), "out of range"),
        ("select $1::int", json!([[1]]), "argument 1 does not fit its type int4"),
        ("select $1::int, $2::date", json!([1, {"a": 1}]), "argument 2 does not fit its type date"),
        ("select $1::int", json!([]), "has 1 parameters ($1, $2, ...) and `args` has 0 values"),
        ("select 1", json!([1]), "has 0 parameters ($1, $2, ...) and `args` has 1 values"),
    ] {
        let message = gives_up(&plugin, json!({"query": sql, "args": args})).await;
        assert!(message.contains(words), "{sql} with {args}: {message}");
    }
}

#[tokio::test]
async fn values_without_a_binary_form_say_what_to_do() {
    let postgres = postgres().await;
    let plugin = plugin(&postgres);
    let message = gives_up(&plugin, json!({"query": "select row(1, 'a') as r"})).await;
    assert!(message.contains("cast its column to text"), "{message}");
    let answer = ask(&plugin, "select row(1, 'a')::text as r").await.unwrap();
    assert_eq!(answer["rows"], json!([{"r": "(1,a)"}]));
    let message =
        gives_up(&plugin, json!({"query": "select relacl from pg_class where relacl is not null limit 1"}))
            .await;
    assert!(message.contains("no binary output function") && message.contains("cast"), "{message}");
}
