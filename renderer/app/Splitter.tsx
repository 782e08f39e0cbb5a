// A border between two parts of the frame: drag it, or focus it and use the arrows.
interface Props { axis: 'x' | 'y'; value: number; min: number; max: number; label: string; /** The measured part lies after the border (drawer, dock). */ after?: boolean; onChange(px: number): void }

export function Splitter({ axis, value, min, max, label, after, onChange }: Props) {
  const set = (v: number): void => onChange(Math.round(Math.max(min, Math.min(max, v))));
  const sign = after ? -1 : 1;
  const onPointerDown = (e: React.PointerEvent<HTMLDivElement>): void => {
    e.preventDefault();
    const from = axis === 'x' ? e.clientX : e.clientY;
    const el = e.currentTarget;
    el.setPointerCapture(e.pointerId);
    el.onpointermove = m => set(value + sign * ((axis === 'x' ? m.clientX : m.clientY) - from));
    el.onpointerup = () => { el.onpointermove = null; };
  };
  const onKeyDown = (e: React.KeyboardEvent): void => {
    const step = (axis === 'x' ? { ArrowLeft: -16, ArrowRight: 16 } : { ArrowUp: -16, ArrowDown: 16 })[e.key as 'ArrowLeft'];
    if (step === undefined) return;
    e.preventDefault();
    set(value + sign * step);
  };
  return <div className={`splitter splitter-${axis}`} role="separator" tabIndex={0} aria-orientation={axis === 'x' ? 'vertical' : 'horizontal'} aria-label={label} aria-valuenow={value} aria-valuemin={min} aria-valuemax={max} onPointerDown={onPointerDown} onKeyDown={onKeyDown} />;
}
