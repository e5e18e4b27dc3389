/** A mail server that takes every mail and forgets it, but knows some boxes that do not exist. */
import { type AddressInfo, createServer, type Server } from "node:net";
import { createInterface } from "node:readline";

export async function startMail(): Promise<{ url: string; server: Server }> {
  const server = createServer((socket) => {
    let inMail = false;
    const say = (text: string) => socket.write(`${text}\r\n`);
    socket.on("error", () => socket.destroy());
    createInterface({ input: socket }).on("line", (line) => {
      if (inMail) {
        if (line === ".") {
          inMail = false;
          say("250 2.0.0 taken");
        }
        return;
      }
      const word = line.slice(0, 4).toUpperCase();
      if (word === "DATA") {
        inMail = true;
        say("354 go on");
      } else if (word === "QUIT") {
        say("221 2.0.0 bye");
        socket.end();
      } else if (word === "RCPT" && line.includes("<gone")) {
        say("550 5.1.1 no such mailbox");
      } else {
        say("250 2.0.0 fine");
      }
    });
    say("220 mail.example.com ESMTP");
  });
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}?from=shop@example.com`, server };
}
