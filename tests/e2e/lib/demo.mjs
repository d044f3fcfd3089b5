// The demo upstream (tests/demo_upstream), started beside the gateway so that its own count can be read directly.
import { Running, program } from './programs.mjs';

export class Demo {
  static async start(t) {
    const demo = new Demo();
    demo.running = new Running(program('holt-demo-upstream'), []);
    t.after(() => demo.running.end('SIGKILL'));
    const [, address] = await demo.running.line(/^listening (\S+)$/m);
    demo.url = `http://${address}`;
    return demo;
  }

  // Its own count: see tests/demo_upstream/README.md.
  async stats() {
    return (await fetch(`${this.url}/demo/stats`)).json();
  }
}
