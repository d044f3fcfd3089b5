// Runs @dwmkerr/mock-llm with the rule file of argv[2] on a port that the system chooses, which its own main cannot say.
import config from '@dwmkerr/mock-llm/dist/config.js';
import server from '@dwmkerr/mock-llm/dist/server.js';

const app = server.createServer(config.loadConfig(process.argv[2]), '127.0.0.1', 0);
const listener = app.listen(0, '127.0.0.1', () => {
  console.log(`listening http://127.0.0.1:${listener.address().port}`);
});
