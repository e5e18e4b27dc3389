import { expect, test } from "vitest";
import { commandAddress, listCommand, quote } from "./command";

test("a filter becomes a command", () => {
  expect(listCommand({ status: "failed,running", type: "send_email", since: "2h", priority: "-5" })).toBe(
    "task-cli task list --status failed,running --type send_email --priority=-5 --since 2h",
  );
  expect(listCommand({ name: "it's; rm -rf $HOME" })).toBe(
    `task-cli task list --name 'it'\\''s; rm -rf $HOME'`,
  );
});

test("words stay words", () => {
  expect([quote("plain/1"), quote(""), quote("a b")]).toEqual(["plain/1", "''", "'a b'"]);
});

test("the address is named where it is not the usual one", () => {
  expect(commandAddress("http://127.0.0.1:8080")).toBe("");
  expect(listCommand({}, commandAddress("https://tasks.example.com"))).toBe(
    "task-cli task list --address https://tasks.example.com",
  );
});
