//! The oracle accepts a database that went by the rules, and bites on each kind of wrong row.

use sqlx::AssertSqlSafe;
use task_testing::{Database, oracle};

/// Four tasks in one lane, one in each relation, with all that belongs to them.
const GOOD: &str = "
insert into task_lane (queue, type, priority) values ('default', 'simulate', 0);
insert into task (id, created_at, lane_id, retries, name, payload)
select id, '2030-01-01', 1, 3, 'task ' || id, '{}' from generate_series(1, 4) id;
insert into task_history (task_id, version, attempt, status, worker_id) values
    (1, 1, 0, 0, null), (1, 2, 1, 1, 7), (1, 3, 1, 0, 7),
    (2, 1, 0, 0, null), (2, 2, 1, 1, 7), (2, 3, 1, 2, 7),
    (3, 1, 0, 0, null), (3, 2, 1, 1, 7),
    (4, 1, 0, 0, null), (4, 2, 1, 1, 7), (4, 3, 1, 3, 7);
insert into task_ready (line_at, task_id, created_at, lane_id, attempt, failures, version, crashes, status)
values ('2030-01-02', 1, '2030-01-01', 1, 0, 0, 3, 0, 0);
insert into task_delayed (task_id, created_at, run_at, lane_id, attempt, failures, version, crashes, status)
values (2, '2030-01-01', '2040-01-01', 1, 1, 1, 3, 0, 2);
insert into task_running (task_id, epoch, worker_id, created_at, lane_id, attempt, failures, version, crashes)
values (3, 1, 7, '2030-01-01', 1, 1, 0, 2, 0);
insert into task_finished (task_id, created_at, lane_id, attempt, version, status)
values (4, '2030-01-01', 1, 1, 3, 3);
-- Some folded, some not; a row of zero stands for nothing.
insert into task_count (lane_id, status, n) values (1, 0, 1), (1, 2, 1), (1, 4, 0);
insert into task_event (lane_id, from_status, to_status, n, task_ids, versions) values
    (1, null, 0, 2, '{3,4}', '{1,1}'), (1, 0, 1, 2, '{3,4}', '{2,2}'), (1, 1, 3, 1, '{4}', '{3}');
";

#[tokio::test]
async fn accepts_what_went_by_the_rules() {
    let database = Database::new().await;
    oracle(&database.pool()).await.expect("an empty database is consistent");
    run(&database, GOOD).await;
    oracle(&database.pool()).await.expect("the good rows are consistent");
}

#[tokio::test]
async fn bites_on_each_wrong_row() {
    let wrong = [
        ("delete from task_ready", "task 1 stands in 0 relations (none)"),
        (
            "insert into task_running values (4, 2, 7, '2030-01-01', 1, 1, 0, 3, 0)",
            "task 4 stands in 2 relations (task_finished, task_running)",
        ),
        ("delete from task where id = 3", "task_running names task 3, which does not exist"),
        ("insert into task_key values (gen_random_uuid(), 5)", "task_key names task 5, which does not exist"),
        ("update task_delayed set lane_id = 2", "task 2: task_delayed has lane 2"),
        (
            "update task_ready set created_at = '2030-01-02'",
            "task 1: task_ready has lane 1 and creation 2030-01-02",
        ),
        (
            "delete from task_history where task_id = 4 and version = 2",
            "task 4: history has 2 rows, with versions from 1 to 3",
        ),
        ("delete from task_history where task_id = 4", "task 4: history has 0 rows"),
        (
            "update task_history set status = 4 where task_id = 1 and version = 2",
            "task 1, version 2: PENDING to FAILED is no allowed step",
        ),
        (
            "update task_history set status = 1 where task_id = 3 and version = 1",
            "task 3, version 1: (nothing) to RUNNING is no allowed step",
        ),
        ("update task_finished set status = 4", "task 4: task_finished says FAILED, version 3"),
        ("update task_finished set version = 4", "task 4: task_finished says SUCCEEDED, version 4"),
        ("update task_running set attempt = 2", "task 3: task_running says RUNNING, version 2, attempt 2"),
        ("update task_running set worker_id = 8", "attempt 1, worker 8; history says RUNNING"),
        ("update task_ready set attempt = 2", "task 1: task_ready says PENDING, version 3, attempt 2"),
        (
            "update task_count set n = 2 where status = 0",
            "lane 1: 2 PENDING tasks by task_status_count, 1 by counting",
        ),
        (
            "delete from task_event where to_status = 3",
            "lane 1: 0 SUCCEEDED tasks by task_status_count, 1 by counting",
        ),
        (
            "update task_count set n = 1 where status = 4",
            "lane 1: 1 FAILED tasks by task_status_count, 0 by counting",
        ),
    ];
    for (damage, sentence) in wrong {
        let database = Database::new().await;
        run(&database, GOOD).await;
        run(&database, damage).await;
        let found = oracle(&database.pool()).await.expect_err(damage).to_string();
        assert!(found.contains(sentence), "`{damage}` should give `{sentence}`, but gave: {found}");
    }
}

async fn run(database: &Database, statements: &str) {
    let ran = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&database.pool()).await;
    ran.unwrap_or_else(|error| panic!("`{statements}`: {error}"));
}
