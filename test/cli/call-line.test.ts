import { CallLine } from '../../src/cli/call-line.js';

/** A line on a fake output, and a clock that the test sets. */
const lineOn = ({ isTTY }: { isTTY: boolean }) => {
  const written: string[] = [];
  const write = (text: string): boolean => {
    written.push(text);
    return true;
  };
  const clock = { seconds: 100 };
  const line = new CallLine({ isTTY, write }, () => clock.seconds * 1000);
  return {
    written,
    line,
    /** The text that a terminal shows: each write starts again at the first column. */
    shown: () => written.join('').split('\r\u001B[2K').at(-1),
    at(seconds: number, stateType: string, endReason: string | null = null) {
      clock.seconds = 100 + seconds;
      line.show({ stateType, endReason });
    },
  };
};

describe('the line of a call', () => {
  it('grows with the call, and shows the duration of each state', () => {
    const { shown, at } = lineOn({ isTTY: true });

    const lines = [
      [0, '1'],
      [1.96, '1'],
      [2.1, '2'],
      [6, '2'],
      [6.1, '3'],
      [16, '3'],
      [16.2, '4', 'completed'],
    ].map(([seconds, state, endReason]) => {
      at(seconds as number, state as string, endReason as string | undefined);
      return shown();
    });

    expect(lines).toEqual([
      'requested 0.0 s',
      'requested 2.0 s',
      'requested 2.1 s  ringing 0.0 s',
      'requested 2.1 s  ringing 3.9 s',
      'requested 2.1 s  ringing 4.0 s  answered 0.0 s',
      'requested 2.1 s  ringing 4.0 s  answered 9.9 s',
      'requested 2.1 s  ringing 4.0 s  answered 10.1 s  over (completed)',
    ]);
  });

  it('does not show skipped states', () => {
    const { shown, at, line } = lineOn({ isTTY: true });

    at(0, '1');
    at(3, '4', 'busy');

    expect(shown()).toBe('requested 3.0 s  over (busy)');
    expect([line.isOver, line.endReason]).toEqual([true, 'busy']);
  });

  it('shows that the call is being canceled, until it is over', () => {
    const { shown, at, line } = lineOn({ isTTY: true });

    at(0, '1');
    line.canceling();
    const canceling = shown();
    at(1, '4', 'canceled');

    expect(canceling).toBe('requested 0.0 s  canceling …');
    expect(shown()).toBe('requested 1.0 s  over (canceled)');
  });

  it('writes nothing when nothing has changed', () => {
    const { written, at } = lineOn({ isTTY: true });

    at(0, '1');
    at(0.04, '1');

    expect(written).toHaveLength(1);
  });

  it('fits into a terminal of 80 columns, for a call of any duration', () => {
    const { shown, at, line } = lineOn({ isTTY: true });

    at(0, '1');
    at(90, '2');
    at(210, '3');
    line.canceling();
    at(14_610, '3');

    expect(shown()).toBe('requested 90.0 s  ringing 120.0 s  answered 14400.0 s  canceling …');
    expect(shown()!.length).toBeLessThan(80);
    at(14_610, '4', 'unreachable');
    expect(shown()!.length).toBeLessThan(80);
  });

  it('is written once when the output is not a terminal', () => {
    const { written, at, line } = lineOn({ isTTY: false });

    at(0, '1');
    at(2, '4', 'no_answer');
    line.finish();

    expect(written).toEqual(['requested 2.0 s  over (no_answer)\n']);
  });
});
