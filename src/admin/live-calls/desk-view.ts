/** What one desk is sent, as server-sent events (WHATWG HTML, 9.2): its filter, and whether it sees numbers. */
import type { LiveCondition } from '../../call/live/live-filter.js';
import type { LiveChange, LiveChanges, LiveItem } from '../../call/live/live-calls.service.js';
import { textOfPosition } from '../../call/live/live-position.js';
import { StateType } from '../../call/record/call-lifecycle.js';
import { textOfAllChanges, textOfCalls, textOfChanges } from './live-texts.js';

interface Terms {
  readonly isMasked: boolean;
  /** Null for all calls. */
  readonly matches: LiveCondition | null;
}

const event = (name: string, data: string, id?: string): string =>
  `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;

export class DeskView {
  /** With a filter. A call that matches no more, because another provider carries it, leaves. */
  private readonly shown = new Set<string>();
  private calls = 0;

  constructor(private readonly terms: Terms) {}

  async textOf(item: LiveItem): Promise<string> {
    switch (item.kind) {
      case 'reset':
        this.shown.clear();
        this.calls = 0;
        return event('reset', JSON.stringify({ reason: item.reason }));
      case 'calls': {
        const { matches, isMasked } = this.terms;
        const calls = matches ? item.calls.filter(matches) : item.calls;
        this.calls += calls.length;
        if (matches) for (const { callSid } of calls) this.shown.add(callSid);
        if (calls.length === 0) return '';
        return event('calls', `{"calls":[${await textOfCalls(calls, isMasked)}]}`);
      }
      case 'live':
        return event('live', JSON.stringify({ calls: this.calls }), textOfPosition(item.until));
      case 'changes':
        return this.textOfChanges(item);
    }
  }

  private async textOfChanges(item: LiveChanges): Promise<string> {
    const { matches, isMasked } = this.terms;
    const id = textOfPosition(item.until);
    const changes = matches ? item.changes.filter(({ call }) => matches(call)) : item.changes;
    const gone = matches ? this.goneBy(item.changes, matches) : [];
    // The position alone: a client resumes from it.
    if (changes.length === 0 && gone.length === 0) return `id: ${id}\n\n`;
    const texts = await (matches ? textOfChanges(changes, isMasked) : textOfAllChanges(item, isMasked));
    return event('changes', `{"changes":[${texts}],"gone":${JSON.stringify(gone)}}`, id);
  }

  private goneBy(changes: readonly LiveChange[], matches: LiveCondition): string[] {
    const gone: string[] = [];
    for (const { change, call } of changes) {
      const { callSid } = call;
      if (!matches(call)) {
        if (this.shown.delete(callSid)) gone.push(callSid);
      } else if (Number(change.data.stateType) === StateType.over) this.shown.delete(callSid);
      else this.shown.add(callSid);
    }
    return gone;
  }
}
