/** What one desk is sent, as server-sent events (WHATWG HTML, 9.2): its filter, and whether it sees numbers. */
import type { LiveCondition } from '../../call/live/live-filter.js';
import type { LiveChange, LiveChanges, LiveItem } from '../../call/live/live-calls.service.js';
import { textOfPosition } from '../../call/live/live-position.js';
import type { CallChange } from '../../call/record/call-change.js';
import { StateType } from '../../call/record/call-lifecycle.js';
import type { ShownCall } from '../../call/search/call-view.js';
import { textOfAllChanges, textOfCalls, textOfChanges } from './live-texts.js';

interface Terms {
  readonly isMasked: boolean;
  /** Null for all calls. */
  readonly condition: LiveCondition | null;
  /** The desk may have calls already, from another connection. */
  readonly isResumed: boolean;
}

const event = (name: string, data: string, id?: string): string =>
  `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;

export class DeskView {
  /** With a filter. A call that matches no more, because its state is another one, for example, leaves. */
  private readonly shown = new Set<string>();
  /** Of a desk that has resumed: calls that it does not have. It may have any other one that is not shown. */
  private readonly absent = new Set<string>();
  private isResumed: boolean;
  private calls = 0;

  constructor(private readonly terms: Terms) {
    this.isResumed = terms.isResumed;
  }

  async textOf(item: LiveItem): Promise<string> {
    switch (item.kind) {
      case 'reset':
        this.shown.clear();
        this.absent.clear();
        this.isResumed = false;
        this.calls = 0;
        return event('reset', JSON.stringify({ reason: item.reason }));
      case 'calls': {
        const { condition, isMasked } = this.terms;
        const calls = condition ? item.calls.filter((call) => condition.matches(call)) : item.calls;
        this.calls += calls.length;
        if (condition) for (const { callSid } of calls) this.shown.add(callSid);
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
    const { condition, isMasked } = this.terms;
    const id = textOfPosition(item.until);
    const changes = condition ? item.changes.filter(({ call }) => condition.matches(call)) : item.changes;
    const gone = condition ? this.goneBy(item.changes, condition) : [];
    // The position alone: a client resumes from it.
    if (changes.length === 0 && gone.length === 0) return `id: ${id}\n\n`;
    const texts = await (condition ? textOfChanges(changes, isMasked) : textOfAllChanges(item, isMasked));
    return event('changes', `{"changes":[${texts}],"gone":${JSON.stringify(gone)}}`, id);
  }

  private goneBy(changes: readonly LiveChange[], condition: LiveCondition): string[] {
    const gone: string[] = [];
    for (const { change, call } of changes) {
      const { callSid } = call;
      const isOver = Number(change.data.stateType) === StateType.over;
      if (!condition.matches(call)) {
        if (this.leaves(change, call, condition)) gone.push(callSid);
      } else if (isOver) this.shown.delete(callSid);
      else this.shown.add(callSid);
      if (isOver) this.absent.delete(callSid);
      else if (this.isResumed && condition.mayMatch(call) && !this.shown.has(callSid)) this.absent.add(callSid);
    }
    return gone;
  }

  /** Whether the desk has the call, or may have it. */
  private leaves({ data: { number } }: CallChange, call: ShownCall, condition: LiveCondition): boolean {
    const { callSid } = call;
    if (this.shown.delete(callSid)) return true;
    // Before its first change, nobody has it.
    return this.isResumed && number > 1 && condition.mayMatch(call) && !this.absent.has(callSid);
  }
}
