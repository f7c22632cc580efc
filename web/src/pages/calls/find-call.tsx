import { useNavigate } from '@tanstack/react-router';
import { useState, type SubmitEvent } from 'react';
import { pastedText } from '../../api/csv';
import { Button } from '../../parts/button';
import { TextField } from '../../parts/fields';
import { useText } from '../../text/language';
import { text } from './text';

const CALL_SID = /^\d{32}$/;

/** To a call whose callSid somebody has sent. */
export const FindCall = () => {
  const t = useText(text);
  const navigate = useNavigate();
  const [callSid, setCallSid] = useState('');
  const [isWrong, setWrong] = useState(false);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const sid = pastedText(callSid);
    if (CALL_SID.test(sid)) void navigate({ to: '/calls/$callSid', params: { callSid: sid } });
    else setWrong(true);
  };
  return (
    <form className="find-call" onSubmit={submit}>
      <TextField
        label={t('callSid')}
        placeholder={t('callSidExample')}
        inputMode="numeric"
        value={callSid}
        onChange={(value) => {
          setCallSid(value);
          setWrong(false);
        }}
        error={isWrong ? t('callSidFault') : undefined}
      />
      <Button type="submit">{t('show')}</Button>
    </form>
  );
};
