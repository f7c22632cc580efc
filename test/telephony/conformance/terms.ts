/**
 * What the company is told about a call: the ring times, the longest talk, the warning before its end, the recording, and the
 * numbers that the phones show.
 */
import type { DialTerms } from '../../../src/telephony/telephony-provider.js';
import { SHOWN, type Abilities, type ReceivedTerms, type TermName } from './bench.js';
import { replyLimit, type Stage } from './stage.js';

export const termTests = ({ applies }: Abilities, stage: () => Stage): void => {
  const termsOfTalk = async (terms?: DialTerms): Promise<ReceivedTerms> => {
    const request = { ...(await stage().request('answers and talks on')), terms };
    const call = await stage().accepted(request, await stage().provider.dial(request, replyLimit()));
    await stage().comesTo(call.callSid, 'talking');
    const received = await stage().bench.farSide.termsOf(call.callSid);
    await stage().provider.hangUp(call);
    return received;
  };
  /** A provider that passes on more than it declares fails, like one that passes on less. */
  const expectApplied = (received: ReceivedTerms, asked: ReceivedTerms): void => {
    const names = Object.keys(asked) as TermName[];
    const applied = names.filter((name) => received[name] === asked[name]);
    expect({ received, applied }).toEqual({ received, applied: names.filter((name) => applies.includes(name)) });
  };

  it('are those of the settings', async () => {
    const { ringCallerSeconds, ringCalleeSeconds, longestTalkSeconds, talkWarningSeconds, recordCalls } =
      stage().bench.service.config;

    expectApplied(await termsOfTalk(), {
      ringCallerSeconds,
      ringCalleeSeconds,
      longestTalkSeconds,
      talkWarningSeconds,
      record: recordCalls,
    });
  });

  it('are its own if it has any', async () => {
    const own = { ringCallerSeconds: 31, ringCalleeSeconds: 32, longestTalkSeconds: 1_800, record: true };

    expectApplied(await termsOfTalk(own), own);
  });

  it('are the numbers that it asks for, each on its phone', async () => {
    const own = { shownToCaller: SHOWN.toCaller, shownToCallee: SHOWN.toCallee };

    expectApplied(await termsOfTalk(own), own);
  });

  it('have no warning if the talk is not longer', async () => {
    const { talkWarningSeconds } = stage().bench.service.config;

    const received = await termsOfTalk({ longestTalkSeconds: talkWarningSeconds! });

    expect(received.talkWarningSeconds).toBeUndefined();
  });
};
