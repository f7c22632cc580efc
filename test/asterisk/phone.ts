/** A real SIP phone: sipp with a scenario, and the messages that it saw. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { register, type Account } from './account.js';
import { freePort } from '../support/free-port.js';
import { waitFor } from '../support/wait-for.js';
import { unpacked } from './asterisk.js';
import { writeTone } from './sound.js';
import { receiveTones, type Tones } from './tones.js';

interface PhoneHabits {
  /** Milliseconds until it answers or refuses. */
  readonly ringMs?: number;
  /** Milliseconds until it hangs up by itself. */
  readonly talkMs?: number;
  /** Refuses with this status instead of answering, as in `486 Busy Here`. */
  readonly refusal?: string;
  readonly early?: string;
  /** At the end of its talk it transfers the other party to this extension instead of hanging up. */
  readonly transfersTo?: string;
  /** After its answer it presses these keys, one after the other, as SIP INFO. */
  readonly presses?: string;
  /** After its answer it presses this key once, as an event in its sound (RFC 4733), as most phones do. */
  readonly pressesInSound?: string;
  /** Sends received sound back. */
  readonly echoes?: boolean;
  /** Plays a tone. */
  readonly sounds?: boolean;
  /** Keeps the tones (DTMF) that it receives. */
  readonly keepsTones?: boolean;
  /** How many calls it accepts in total, one after another or at the same time. */
  readonly calls?: number;
  /** Logs no messages and uses coarser timers. Both save much processor time when there are many calls. */
  readonly untraced?: boolean;
  /** The account of docker-compose.yml that it registers first. */
  readonly account?: Account;
}

export interface Phone {
  /** Asterisk's dial string for it. */
  readonly dialString: string;
  readonly port: number;
  /** Received and sent messages in order, such as `INVITE`, `sent 180`, `ACK`, `sent BYE`, `200`. */
  seen(): Promise<readonly string[]>;
  /** All messages in full. */
  messages(): Promise<string>;
  /** The digits of the tones that it has received. */
  tones(): string;
  end(): Promise<void>;
}

const REFUSES = (status: string): string => `
  <send retrans="500"><![CDATA[
    SIP/2.0 ${status}
    Via:[$via]
    From:[$from]
    To:[$to];tag=[pid]-[call_number]
    Call-ID: [call_id]
    CSeq:[$cseq]
    Content-Length: 0

  ]]></send>
  <recv request="ACK" next="end"/>`;

const BYE = `
  <send retrans="500"><![CDATA[
    BYE [$target] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    Max-Forwards: 70
    From:[$to];tag=[pid]-[call_number]
    To:[$from]
    Call-ID: [call_id]
    CSeq: 9 BYE
    Content-Length: 0

  ]]></send>`;

/** A person listens first. The next key comes in the next prompt. */
const PRESSES = (keys: string): string =>
  Array.from(
    keys,
    (key, index) => `
  <pause milliseconds="400"/>
  <send retrans="500"><![CDATA[
    INFO [$target] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    Max-Forwards: 70
    From:[$to];tag=[pid]-[call_number]
    To:[$from]
    Call-ID: [call_id]
    CSeq: ${index + 1} INFO
    Contact: <sip:phone@[local_ip]:[local_port]>
    Content-Type: application/dtmf-relay
    Content-Length: [len]

    Signal=${key}
    Duration=160
  ]]></send>
  <recv response="200"/>`,
  ).join('');

const TRANSFERS = (extension: string): string => `
  <send retrans="500" next="transfers"><![CDATA[
    REFER [$target] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    Max-Forwards: 70
    From:[$to];tag=[pid]-[call_number]
    To:[$from]
    Call-ID: [call_id]
    CSeq: 1 REFER
    Contact: <sip:phone@[local_ip]:[local_port]>
    Refer-To: <sip:${extension}@127.0.0.1>
    Content-Length: 0

  ]]></send>`;

export const startPhone = async (folderAbove: string, habits: PhoneHabits = {}): Promise<Phone> => {
  const {
    ringMs = 100,
    talkMs = 60_000,
    refusal,
    early = '180 Ringing',
    transfersTo,
    presses = '',
    pressesInSound,
    echoes,
    sounds,
    keepsTones,
    calls = 1,
    untraced,
    account,
  } = habits;
  const folder = await mkdtemp(join(folderAbove, 'phone-'));
  const [port, media] = [await freePort(), await freePort()];
  if (account) await register(account, port, folder);
  const template = await readFile(resolve(import.meta.dirname, 'sipp/phone.xml'), 'latin1');
  const tone = join(folder, 'tone.ulaw');
  await writeTone(tone);
  const kept = keepsTones || pressesInSound !== undefined ? await receiveTones() : null;
  const values: Readonly<Record<string, string>> = {
    EARLY: early,
    RING: String(Math.max(1, ringMs)),
    TALK: String(talkMs),
    KEYS: PRESSES(presses),
    DECISION: refusal ? REFUSES(refusal) : '<nop next="answers"/>',
    FAREWELL: transfersTo === undefined ? BYE : TRANSFERS(transfersTo),
    MEDIA_PORT: kept ? String(kept.port) : sounds ? '[rtpstream_audio_port]' : '[media_port]',
    SOUND: sounds ? `<nop><action><exec rtp_stream="${tone},-1,0"/></action></nop>` : '',
  };
  const scenario = template.replace(/@([A-Z_]+)@/g, (all, key: string) => values[key] ?? all);
  await writeFile(join(folder, 'scenario.xml'), scenario.replace(/<!--[^]*?-->/, ''));
  const [loader, program] = unpacked('usr/bin/sipp');
  const own = ['-sf', 'scenario.xml', '-i', '127.0.0.1', '-p', String(port), '-mi', '127.0.0.1', '-mp', String(media)];
  const watched = untraced ? [] : ['-trace_msg', '-message_file', 'messages'];
  const manner = ['-ci', '127.0.0.1', '-nostdin'];
  const faults = ['-trace_err', '-error_file', 'errors'];
  const child = spawn(
    loader,
    [...program, ...own, ...manner, ...watched, ...faults, '-m', String(calls), ...(echoes ? ['-rtp_echo'] : [])],
    {
      cwd: folder,
      env: { LC_ALL: 'C', TERM: 'dumb' },
      stdio: 'ignore',
    },
  );
  const messages = () => readFile(join(folder, 'messages'), 'latin1').catch(() => '');
  const bound = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  await waitFor('the phone', async () => {
    if (child.exitCode !== null) throw new Error(`sipp has ended: ${await readFile(join(folder, 'errors'), 'utf8')}`);
    return (await readFile('/proc/net/udp', 'latin1')).includes(bound);
  });
  if (kept && pressesInSound !== undefined)
    void pressAfterAnswer(kept, pressesInSound, messages).catch(() => undefined);
  return {
    dialString: `PJSIP/phone/sip:phone@127.0.0.1:${port}`,
    port,
    messages,
    async seen() {
      const text = await messages();
      return [...text.matchAll(/UDP message (sent|received)[^\n]*\n\s*\n(?:SIP\/2\.0 (\d+)|([A-Z]+) )/g)].map(
        ([, way = '', status, method]) => `${way === 'sent' ? 'sent ' : ''}${status ?? method ?? ''}`,
      );
    },
    tones: () => kept?.tones() ?? '',
    async end() {
      kept?.end();
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        await exited;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** A person listens first. */
const LISTENS_MS = 400;

const pressAfterAnswer = async (sound: Tones, key: string, messages: () => Promise<string>): Promise<void> => {
  const port = await waitFor('the answer', async () => {
    const received = await messages();
    return received.includes('\nACK ') && /^m=audio (\d+)/m.exec(received)?.[1];
  });
  await sleep(LISTENS_MS);
  await sound.press(key, Number(port));
};
