import { createLazyRoute } from '@tanstack/react-router';
import { useMay } from '../../api/session';
import { Budgets } from './budgets';
import { ProtectionFrame } from './frame';
import { Prices } from './prices';

const Page = () => {
  const mayWrite = useMay('admin:protection:write');
  return (
    <ProtectionFrame>
      <Budgets mayWrite={mayWrite} />
      <Prices mayWrite={mayWrite} />
    </ProtectionFrame>
  );
};

export const Route = createLazyRoute('/protection/money')({ component: Page });
