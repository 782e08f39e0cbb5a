// Takes sales from redis and records each once in MySQL. Without MySQL at its start it ends (and is started again); later it reconnects.
import { MySql } from './mysql-client.mjs';
import { Redis } from './redis-client.mjs';

const { REDIS_HOST = 'lcredis', MYSQL_HOST = 'lmysql', MYSQL_USER = 'root', MYSQL_ROOT_PASSWORD = '' } = process.env;
const redis = new Redis(REDIS_HOST);
const sleep = ms => new Promise(resolve => { setTimeout(resolve, ms); });
const quote = s => `'${String(s).replace(/['\\]/g, c => `\\${c}`)}'`;

async function open() {
  const db = await MySql.connect({ host: MYSQL_HOST, user: MYSQL_USER, password: MYSQL_ROOT_PASSWORD });
  await db.run('CREATE DATABASE IF NOT EXISTS kiosk');
  await db.run('CREATE TABLE IF NOT EXISTS kiosk.sold (id INT AUTO_INCREMENT PRIMARY KEY, ticket INT, kiosk VARCHAR(255), at VARCHAR(32))');
  console.log(`connected to ${MYSQL_HOST}`);
  return db;
}
process.on('SIGTERM', () => process.exit(0));
let db;
try { db = await open(); } catch (e) { console.error(`MySQL: ${e.message}`); process.exit(1); }
for (;;) {
  let sale;
  try {
    const popped = await redis.command('BLPOP', 'sold', 5);
    if (!popped) continue;
    sale = popped[1];
    const { ticket, kiosk, at } = JSON.parse(sale);
    db ??= await open();
    await db.run(`INSERT INTO kiosk.sold (ticket, kiosk, at) VALUES (${Number(ticket)}, ${quote(kiosk)}, ${quote(at)})`);
    console.log(`recorded ticket ${ticket}`);
  } catch (e) {
    console.error(`ERROR: ${e.message}; trying again in 2 s`);
    db = undefined;
    // A sale taken but not recorded goes back to the front of the queue.
    if (sale) await redis.command('LPUSH', 'sold', sale).catch(again => console.error(`lost for now: ${sale} (${again.message})`));
    await sleep(2000);
  }
}
