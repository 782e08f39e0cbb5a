// An error in one part of the window stays there and is told, with a way back.
import Button from '@mui/material/Button';
import { Component, type ReactNode } from 'react';
import { Translation } from 'react-i18next';
import { StateMessage } from '../kit/states.tsx';

export class Fence extends Component<{ children: ReactNode; resetKey?: string }, { error?: Error; key?: string }> {
  override state: { error?: Error; key?: string } = {};
  static getDerivedStateFromError(error: unknown): { error: Error } { return { error: error instanceof Error ? error : new Error(String(error)) }; }
  static getDerivedStateFromProps(props: { resetKey?: string }, state: { error?: Error; key?: string }): { error?: Error; key?: string } | null {
    return props.resetKey === state.key ? null : { error: undefined, key: props.resetKey };
  }
  override componentDidCatch(error: unknown): void { console.error(error); }
  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return <Translation>{t => <StateMessage icon="event" level="bad" title={t('states.broken.title')} text={t('states.broken.text')} detail={error.stack ?? error.message}><Button variant="outlined" onClick={() => this.setState({ error: undefined })}>{t('states.tryAgain')}</Button></StateMessage>}</Translation>;
  }
}
