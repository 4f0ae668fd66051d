// SPDX-License-Identifier: Apache-2.0
// The real binary on ports the kernel chooses.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const binary = process.argv[2];

// Everything goes to one upstream on that port.
export async function startGateway(upstreamPort) {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-stack-'));
    const file = join(folder, 'gateway.yaml');
    await writeFile(file, `
listeners: [{ address: "127.0.0.1:0" }]
admin: { address: "127.0.0.1:0" }
upstreams: { express: { endpoints: ["127.0.0.1:${upstreamPort}"] } }
routes: [{ prefix: /, upstream: express }]
limits: { body: 100MiB }
`);
    return start(['run', '-c', file], () => rm(folder, { recursive: true }));
}

// Settings of the caller's own.
export async function startConfigured(settings) {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-stack-'));
    const file = join(folder, 'gateway.yaml');
    await writeFile(file, settings);
    const gateway = await start(['run', '-c', file], () => rm(folder, { recursive: true }));
    return { ...gateway, writeSettings: (other) => writeFile(file, other) };
}

// The built-in configuration in front of these two.
export function startDefault(frontendPort, backendPort) {
    return start(['run'], async () => {}, {
        LISTEN: '127.0.0.1:0',
        ADMIN_LISTEN: '127.0.0.1:0',
        FRONTEND_ADDR: `127.0.0.1:${frontendPort}`,
        BACKEND_ADDR: `127.0.0.1:${backendPort}`,
    });
}

export function startDemo() {
    return start(['demo', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'], async () => {});
}

async function start(args, cleanUp, environment = {}) {
    const child = spawn(binary, args, {
        stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment },
    });
    let log = '';
    child.stdout.resume();
    const [port, adminPort] = await new Promise((resolve, reject) => {
        child.stderr.on('data', (bytes) => {
            log += bytes;
            const found = /listening on 127\.0\.0\.1:(\d+)/.exec(log);
            const admin = /admin on 127\.0\.0\.1:(\d+)\n/.exec(log);
            if (found && admin) resolve([Number(found[1]), Number(admin[1])]);
        });
        child.on('error', reject);
        child.on('exit', (code) => reject(new Error(`the gateway ended with ${code}: ${log}`)));
    });
    return {
        port,
        url: `http://127.0.0.1:${port}`,
        adminPort,
        admin: `http://127.0.0.1:${adminPort}`,
        // Resolves to the exit code.
        async stop() {
            const code = await new Promise((resolve) => {
                child.removeAllListeners('exit');
                child.once('exit', resolve);
                child.kill('SIGINT');  // without waiting for a load balancer
            });
            await cleanUp();
            return code;
        },
    };
}
