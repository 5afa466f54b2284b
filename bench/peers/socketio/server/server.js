/**
 * Messages the way most would begin: Express, Socket.IO, pg and jsonwebtoken on Node, each used as
 * its documentation advises. It takes no repeats out, counts no `seq` and knows no rates, presence
 * or notices. Settings: PORT, DATABASE_URL, JWT_SECRET.
 *
 * @module
 */
import { createServer } from "node:http";
import express from "express";
import jwt from "jsonwebtoken";
import pg from "pg";
import { Server } from "socket.io";

const { PORT, DATABASE_URL, JWT_SECRET } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL });
const app = express();
app.get("/api/ready", (_request, response) => response.send("ready"));

const server = createServer(app);
const io = new Server(server, { transports: ["websocket"], serveClient: false });

io.use((socket, next) => {
  try {
    const { sub } = jwt.verify(socket.handshake.auth.token, JWT_SECRET, { algorithms: ["HS256"] });
    socket.data.userId = sub;
    next();
  } catch (error) {
    next(error);
  }
});

io.on("connection", (socket) => {
  const { userId } = socket.data;
  socket.join(userId);
  socket.on("send_message", async ({ clientId, conversationId, content }, acknowledge) => {
    try {
      const members = await membersOf(conversationId);
      if (!members.includes(userId)) return acknowledge({ error: "Not found" });
      const message = await store(conversationId, userId, content);
      acknowledge({ message });
      const others = members.filter((id) => id !== userId);
      socket.to(others).emit("new_message", { ...message, clientId });
    } catch (error) {
      console.error(error);
      acknowledge({ error: "Cannot store it" });
    }
  });
});

// Named statements are prepared once for each connection.
async function membersOf(conversationId) {
  const { rows } = await pool.query({
    name: "members",
    text: "select user_id from participants where conversation_id = $1",
    values: [conversationId],
  });
  return rows.map(({ user_id }) => user_id);
}

async function store(conversationId, senderId, content) {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const { rows: [message] } = await client.query({
      name: "insert",
      text: `insert into messages (conversation_id, sender_id, content) values ($1, $2, $3)
        returning id, conversation_id as "conversationId", sender_id as "senderId", content,
          created_at as "createdAt"`,
      values: [conversationId, senderId, content],
    });
    await client.query({
      name: "update",
      text: "update conversations set last_message_at = $2 where id = $1",
      values: [conversationId, message.createdAt],
    });
    await client.query("commit");
    return message;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

server.listen(Number(PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit());
