/** The page: it calls, shows the states as they come, and hangs up. */
import { Ringback, RingbackError } from 'ringback-client';

const find = (id) => document.getElementById(id);
const { ringback: url } = await (await fetch('/config')).json();
const ringback = new Ringback({ url, token: async () => (await fetch('/token')).text() });

const IN_WORDS = {
  1: 'Your phone rings.',
  2: 'The phone of customer service rings.',
  3: 'You are connected.',
  4: 'The call is over.',
};

const showCalls = async () => {
  const calls = await (await fetch('/calls')).json();
  find('calls').replaceChildren(
    ...calls.map(({ endReason, talkSeconds }) => {
      const item = document.createElement('li');
      item.textContent = talkSeconds === null ? endReason : `${endReason}, ${talkSeconds} s`;
      return item;
    }),
  );
};

find('call').onclick = async () => {
  find('call').disabled = true;
  try {
    const callSid = await ringback.callService();
    find('hang-up').disabled = false;
    find('hang-up').onclick = () => ringback.cancel(callSid).catch(show);
    for await (const { data } of ringback.watch(callSid)) find('state').textContent = IN_WORDS[data.stateType];
  } catch (error) {
    show(error);
  }
  find('hang-up').disabled = true;
  find('call').disabled = false;
};

/** The message of a refusal is for people. */
const show = (error) => {
  find('state').textContent = error instanceof RingbackError ? error.message : 'Something went wrong.';
};

// The webhook of a call arrives soon after its end.
await showCalls();
setInterval(showCalls, 1_000);
