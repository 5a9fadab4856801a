package dev.weftwork.operation.files;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;

/** Checks and forms of paths on machines. They are Unix paths, whatever system this JVM runs on. */
final class RemotePath {

    private RemotePath() {}

    /** The path in the form that commands can take: no leading {@code -}, no trailing {@code /}. */
    static String require(String path) {
        if (path.isEmpty()) {
            throw new IllegalArgumentException("path must not be empty");
        }
        requireSendable("path", path);
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

    /** As {@link #require}, and refuses what can only be a directory. */
    static String requireFile(String path) {
        String form = require(path);
        if (path.endsWith("/")) {
            throw new IllegalArgumentException("path must name a file and not end with '/', was '" + path + "'");
        }
        return form;
    }

    static String requireSendable(String what, String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(what + " must not contain a NUL character");
        }
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new IllegalArgumentException(what + " has half of a surrogate pair, which has no bytes to send");
        }
        return text;
    }

    /** As {@link #require}, and refuses what leads to a directory that all else is in. */
    static String requireRemovable(String path) {
        String form = require(path);
        var segments = new ArrayDeque<String>();
        boolean above = false;
        for (String segment : form.split("/", -1)) {
            switch (segment) {
                case "", "." -> {}
                case ".." -> above |= segments.pollLast() == null && !form.startsWith("/");
                default -> segments.addLast(segment);
            }
        }
        if (above || segments.isEmpty() || form.endsWith("/..") || form.endsWith("/.")) {
            throw new IllegalArgumentException(
                    "path must not be the root or the starting directory, nor lead out of it by" + " '..', was '" + path
                            + "'");
        }
        return form;
    }

    /** The directory that holds it. */
    static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash < 0 ? "." : slash == 0 ? "/" : path.substring(0, slash);
    }
}
