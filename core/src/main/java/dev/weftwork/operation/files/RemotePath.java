package dev.weftwork.operation.files;

import java.util.ArrayDeque;

/** Checks and forms of paths on machines. They are Unix paths, whatever system this JVM runs on. */
final class RemotePath {

    private RemotePath() {}

    /** The path in the form that commands can take: no leading {@code -}, no trailing {@code /}. */
    static String require(String path) {
        if (path.isEmpty()) {
            throw new IllegalArgumentException("path must not be empty");
        }
        if (path.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("path must not contain a NUL character");
        }
        if (path.equals("~") || path.startsWith("~/")) {
            throw new IllegalArgumentException("path must not begin with '~', which only shells expand; leave it out: a"
                    + " relative path starts at the user's home, was '" + path + "'");
        }
        String form = path;
        while (form.length() > 1 && form.endsWith("/")) {
            form = form.substring(0, form.length() - 1);
        }
        return form.startsWith("-") ? "./" + form : form;
    }

    /** As {@link #require}, and refuses to name a directory that all else is in. */
    static String requireRemovable(String path) {
        String form = require(path);
        var segments = new ArrayDeque<String>();
        boolean above = false;
        for (String segment : form.split("/", -1)) {
            switch (segment) {
                case "", "." -> {}
                case ".." -> above |= segments.pollLast() == null;
                default -> segments.addLast(segment);
            }
        }
        if (segments.isEmpty() || form.endsWith("/..") || form.endsWith("/.")) {
            throw new IllegalArgumentException("path must not be the root, the starting directory or one above it"
                    + (above ? " ('..' leaves it)" : "") + ", was '" + path + "'");
        }
        return form;
    }

    /** The directory that holds it. */
    static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash < 0 ? "." : slash == 0 ? "/" : path.substring(0, slash);
    }
}
