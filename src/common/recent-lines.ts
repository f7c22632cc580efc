/** The latest log lines that are about a call, for an administrator who looks at that call. */
import { RecentItems } from './recent-items.js';

/** In characters: 10,000 lines or more. */
const MAX_KEPT = 4_000_000;

const CALL_SID = /"callSid":"(\d{32})"/;

export class RecentLines {
  private readonly lines = new RecentItems<string>(MAX_KEPT);

  /** @param line as JSON */
  note(line: string): void {
    const callSid = CALL_SID.exec(line)?.[1];
    if (callSid !== undefined) this.lines.add(callSid, line, line.length);
  }

  /** Oldest first. */
  of(callSid: string): Readonly<Record<string, unknown>>[] {
    return this.lines.of(callSid).map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}
