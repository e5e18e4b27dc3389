use super::*;

const PAGE: &str = "
# Crates

| crate | owns | must never import |
|---|---|---|
| `domain` | words and rules | `sqlx`, `tokio`; any sibling |
| `plugin` | the trait | any sibling but `domain` |
| `plugin-*` | a plugin each | any sibling but `plugin`, `domain` |
| `server` | the facade | `worker`, `plugin`, `plugin-*` |
| `worker` | the worker | `server` |
| `testing` | what tests share | used only as a dev-dependency and by `chaos` |
| `chaos` | faults | imported by nobody |
| `bench` | benchmarks | imported by nobody |

| another | table |
|---|---|
";

/// A workspace that goes by the table.
fn good() -> BTreeMap<String, Member> {
    let member = |imports: &[&str], dev: &[&str]| Member {
        imports: imports.iter().map(ToString::to_string).collect(),
        dev: dev.iter().map(ToString::to_string).collect(),
    };
    [
        ("domain", member(&["serde"], &["tokio"])),
        ("plugin", member(&["domain", "tokio"], &[])),
        ("plugin-mail", member(&["plugin", "domain", "tokio"], &["testing"])),
        ("server", member(&["domain", "sqlx"], &["testing", "worker"])),
        ("worker", member(&["domain", "plugin"], &["testing", "server"])),
        ("testing", member(&["domain"], &[])),
        ("chaos", member(&["testing"], &[])),
        ("bench", member(&["server", "worker"], &["testing"])),
    ]
    .map(|(name, member)| (name.to_owned(), member))
    .into()
}

fn found(change: impl FnOnce(&mut BTreeMap<String, Member>)) -> Vec<String> {
    let mut members = good();
    change(&mut members);
    check(&Table::read(PAGE).expect("a table"), &members)
}

#[test]
fn accepts_what_goes_by_the_table() {
    assert_eq!(found(|_| {}), Vec::<String>::new());
}

#[test]
fn bites_on_each_forbidden_import() {
    for (name, import, sentence) in [
        ("domain", "tokio", "`domain` must never import `tokio`"),
        ("domain", "plugin", "`domain` must never import `plugin`"),
        ("plugin-mail", "worker", "`plugin-mail` must never import `worker`"),
        ("server", "plugin", "`server` must never import `plugin`"),
        ("server", "plugin-mail", "`server` must never import `plugin-mail`"),
        ("worker", "server", "`worker` must never import `server`"),
        ("worker", "testing", "`worker` imports `testing`, which the table keeps out of other crates"),
        ("worker", "bench", "`worker` imports `bench`, which the table keeps out of other crates"),
    ] {
        let wrong = found(|members| members.get_mut(name).expect(name).imports.push(import.into()));
        assert_eq!(wrong, [sentence]);
    }
    let wrong = found(|members| members.get_mut("worker").expect("worker").dev.push("bench".into()));
    assert_eq!(wrong, ["`worker` imports `bench` in its tests, which nobody may"]);
}

#[test]
fn bites_on_crates_and_rows_without_each_other() {
    let wrong = found(|members| {
        members.insert("agent".into(), Member::default());
        members.remove("worker");
    });
    assert!(wrong.contains(&"`agent` has no row in the table".into()), "{wrong:?}");
    assert!(wrong.contains(&"the table has a row for `worker`, which is no crate".into()), "{wrong:?}");
}

#[test]
fn bites_on_names_that_mean_nothing() {
    let page = PAGE.replace("`sqlx`", "`slqx`");
    let wrong = check(&Table::read(&page).expect("a table"), &good());
    assert_eq!(wrong, ["the row of `domain` names `slqx`, which nobody knows"]);
}

#[test]
fn refuses_a_table_it_cannot_read() {
    for (from, to) in [
        ("| crate | owns |", "| crate | has |"),
        ("`sqlx`, `tokio`;", "sqlx and tokio;"),
        ("`domain` | words", "domain | words"),
        ("any sibling but `domain`", "any sibling except `domain`"),
        ("dev-dependency and by `chaos`", "dev-dependency and in `chaos`"),
        ("| the trait |", "| the | trait |"),
        ("| the trait |", "| |"),
    ] {
        let page = PAGE.replacen(from, to, 1);
        assert_ne!(page, PAGE);
        Table::read(&page).expect_err(to);
    }
}

#[test]
fn the_page_itself_can_be_read() {
    let page = include_str!("../../../README.md");
    assert!(Table::read(page).expect("a table").rules("domain").is_some());
}
