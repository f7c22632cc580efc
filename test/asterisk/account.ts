/** A softphone account: sipp registers it and dials from it, with digest authentication. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { unpacked, type Asterisk } from './asterisk.js';

const run = promisify(execFile);
/** Without a reply, sipp would retry for longer than this. */
const LIMIT_MS = 10_000;

export interface Account {
  readonly at: Pick<Asterisk, 'sipPort'>;
  readonly name: string;
  readonly password: string;
  readonly transport?: 'udp' | 'tcp';
}

const carryOut = async (
  scenario: string,
  { at, name, password, transport = 'udp' }: Account,
  { folder, to = name, more = [] }: { folder: string; to?: string; more?: readonly string[] },
): Promise<void> => {
  const [loader, program] = unpacked('usr/bin/sipp');
  const own = ['-sf', scenario, '-i', '127.0.0.1', '-t', transport === 'udp' ? 'u1' : 't1', '-m', '1', ...more];
  const who = ['-s', to, '-au', name, '-ap', password];
  const watched = ['-nostdin', '-ci', '127.0.0.1', '-trace_msg', '-message_file', 'account'];
  await run(loader, [...program, ...own, ...who, ...watched, `127.0.0.1:${at.sipPort}`], {
    cwd: folder,
    env: { LC_ALL: 'C', TERM: 'dumb' },
    timeout: LIMIT_MS,
  }).catch(async (error: unknown) => {
    const messages = await readFile(join(folder, 'account'), 'latin1').catch(() => '');
    // After a refusal sipp sends a BYE, and Asterisk answers 481. That status is not the reason.
    const status = [...messages.matchAll(/^SIP\/2\.0 (?!481)(\d+)/gm)].at(-1)?.[1];
    throw new Error(`${name} is refused: ${status ?? 'no reply'}`, { cause: error });
  });
};

/** @throws Error with the last status if the registration is refused */
export const register = (account: Account, fromPort: number, folder: string): Promise<void> =>
  carryOut(resolve(import.meta.dirname, 'sipp/register.xml'), account, { folder, more: ['-p', String(fromPort)] });

/** Resolves after the phone has played a tone for two seconds and hung up. */
export const dialFrom = async (account: Account, to: string, folder: string, tone: string): Promise<void> => {
  const template = await readFile(resolve(import.meta.dirname, 'sipp/dial.xml'), 'latin1');
  const scenario = join(folder, 'dial.xml');
  await writeFile(scenario, template.replace('@TONE@', tone));
  await carryOut(scenario, account, { folder, to, more: ['-mi', '127.0.0.1'] });
};
