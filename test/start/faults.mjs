/**
 * Preloaded into a process (`node --import`): faults on a signal, as a mistake anywhere in the program would have them.
 * SIGUSR2: an exception that nothing catches. SIGHUP: a rejection that nothing handles. SIGALRM: exceptions without end.
 */
import { setInterval } from 'node:timers';

const fault = () => {
  throw new Error('a fault');
};
process.on('SIGUSR2', fault);
process.on('SIGHUP', async () => fault());
process.on('SIGALRM', () => setInterval(fault, 1));
