/**
 * Stands before the server and passes everything on, but tells a watch of changes that it makes up: more of
 * them, and faster, than a test could have a server make.
 */
import { createServer, request as forward, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { WatchTasksResponseSchema } from "../../src/api/gen/task/v1/task_service_pb";

type Told = MessageInitShape<typeof WatchTasksResponseSchema>;

/** What is sent at a time, in milliseconds. */
const BEAT = 10;

export class Flood {
  /** How often a page of tasks was asked for. */
  lists = 0;
  private watcher: Promise<ServerResponse>;
  private watched: (response: ServerResponse) => void = () => undefined;

  private constructor(private readonly server: Server) {
    this.watcher = new Promise((resolve) => {
      this.watched = resolve;
    });
  }

  static async before(target: string): Promise<Flood> {
    const server = createServer();
    const flood = new Flood(server);
    server.on("request", (request, response) => {
      if (request.url?.endsWith("/WatchTasks")) {
        response.writeHead(200, { "content-type": "application/grpc-web+proto" });
        response.write(frame({ event: { case: "heartbeat", value: {} } }));
        flood.watched(response);
        return;
      }
      if (request.url?.endsWith("/ListTasks")) flood.lists += 1;
      const { method, headers } = request;
      const asked = forward(new URL(request.url ?? "/", target), { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      asked.on("error", () => response.destroy());
      response.on("close", () => asked.destroy());
      request.pipe(asked);
    });
    await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
    return flood;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Sends all of these at `rate` a second, catching up where this process was late. */
  async send(changes: Told[], rate: number): Promise<void> {
    const watcher = await this.watcher;
    const frames = changes.map(frame);
    const begun = performance.now();
    let sent = 0;
    await new Promise<void>((done) => {
      const beat = setInterval(() => {
        const due = Math.min(frames.length, Math.floor(((performance.now() - begun) / 1_000) * rate));
        watcher.write(Buffer.concat(frames.slice(sent, due)));
        sent = due;
        if (sent === frames.length) {
          clearInterval(beat);
          done();
        }
      }, BEAT);
    });
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** A message of gRPC-Web: no flag, its length, itself. */
function frame(told: Told): Buffer {
  const message = toBinary(WatchTasksResponseSchema, create(WatchTasksResponseSchema, told));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
