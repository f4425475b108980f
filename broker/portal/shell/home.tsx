// What somebody sees who is signed in: the frame with the pages of all areas in it.
import { Anchor } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { lazy, Suspense, type ComponentType } from "react";
import { Link, Redirect, Route, Switch } from "wouter";
import { navigation, routes } from "../areas.ts";
import { shell } from "../texts/shell.ts";
import { Frame } from "./frame.tsx";
import { Empty, Loading, Page } from "./page.tsx";
import { usePerson } from "./person-context.tsx";

const pages = routes.map(({ path, load }) => ({ path, Component: lazy(load) as ComponentType }));

export default function Home() {
  return (
    <>
      <Notifications position="top-center" />
      <Frame>
        <Suspense fallback={<Loading />}>
          <Pages />
        </Suspense>
      </Frame>
    </>
  );
}

function Pages() {
  const { side } = usePerson();
  if (side === undefined) return null;
  const first = navigation.find(({ isFor }) => isFor(side));
  return (
    <Switch>
      {pages.map(({ path, Component }) => (
        <Route key={path} path={path} component={Component} />
      ))}
      {first !== undefined && (
        <Route path="/">
          <Redirect to={first.path} replace />
        </Route>
      )}
      <Route>
        <Page title={shell.notFound}>
          <Empty title={shell.notFoundHint}>
            <Anchor component={Link} href="/">
              {shell.home}
            </Anchor>
          </Empty>
        </Page>
      </Route>
    </Switch>
  );
}
