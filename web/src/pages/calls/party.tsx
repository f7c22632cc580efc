import { Phone } from '../../parts/phone';

interface Props {
  /** Null where a backend gave a phone and no user. */
  readonly id: string | null;
  readonly phone: string | null;
}

/** Who, and at which number. */
export const Party = ({ id, phone }: Props) => (
  <span className="party">
    {id !== null && <strong>{id}</strong>}
    <Phone number={phone} />
  </span>
);
